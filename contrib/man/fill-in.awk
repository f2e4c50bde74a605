# Puts what the programs and the settings file tell in the place of @OPTIONS NAME@, @COMMANDS@, @EXITS@ and @SETTINGS@.
# Variables: table (of contrib/command-table), settings (etc/flexsync.conf).

# Characters that scdoc would take for marks.
function plain(text) {
  gsub(/[\\_*#~]/, "\\\\&", text)
  return text
}

# A sentence: a capital at its beginning, a full stop at its end.
function sentence(text) {
  text = toupper(substr(text, 1, 1)) substr(text, 2)
  return plain(text) (text ~ /\.$/ ? "" : ".")
}

function print_options(of,    i) {
  for (i = 1; i <= option_count; i++)
    if (option[i, "of"] == of)
      printf "*%s%s*%s\n\t%s\n\n", option[i, "short"] == "-" ? "" : option[i, "short"] "*, *", option[i, "long"],
        option[i, "value"] == "-" ? "" : " _" option[i, "value"] "_", sentence(option[i, "help"])
}

function print_commands(    i) {
  for (i = 1; i <= command_count; i++) {
    printf "## %s %s\n\n%s\n\n", command[i, "name"], plain(command[i, "arguments"]), sentence(command[i, "help"])
    print_options(command[i, "name"])
    printf "Example: *%s*\n\n", plain(command[i, "example"])
  }
}

function print_exits(    i) {
  for (i = 1; i <= exit_count; i++)
    printf "*%s*\n\t%s%s\n\n", exits[i, "status"], sentence(exits[i, "means"]),
      exits[i, "next"] == "-" ? "" : " Next: *" plain(exits[i, "next"]) "*."
}

function print_settings(    line, help, name) {
  while ((getline line < settings) > 0) {
    if (line ~ /^[a-z]+ = \{$/) {
      sub(/ = \{/, "", line)
      printf "## %s\n\n", line
      help = ""
    } else if (line ~ /^    # /) {
      help = help "\t" plain(substr(line, 7)) "\n"
    } else if (line ~ /^    #[a-z_]+ = /) {
      name = substr(line, 6)
      sub(/ = .*/, "", name)
      sub(/^    #[a-z_]+ /, "", line)
      printf "*%s* %s\n%s\n", plain(name), plain(line), help
      help = ""
    }
  }
  close(settings)
}

BEGIN {
  while ((getline row < table) > 0) {
    split(row, field, "\t")
    if (field[1] == "command") {
      command[++command_count, "name"] = field[2]
      command[command_count, "arguments"] = field[3]
      command[command_count, "help"] = field[4]
      command[command_count, "example"] = field[5]
    } else if (field[1] == "exit") {
      exits[++exit_count, "status"] = field[2]
      exits[exit_count, "means"] = field[3]
      exits[exit_count, "next"] = field[4]
    } else {
      option[++option_count, "of"] = field[2]
      option[option_count, "short"] = field[3]
      option[option_count, "long"] = field[4]
      option[option_count, "value"] = field[5]
      option[option_count, "help"] = field[6]
    }
  }
}

/^@OPTIONS [a-z]+@$/ { gsub(/@/, ""); print_options($2); next }
/^@EXITS@$/ { print_exits(); next }
/^@COMMANDS@$/ { print_commands(); next }
/^@SETTINGS@$/ { print_settings(); next }
{ print }
