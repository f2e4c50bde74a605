# contrib/command-table to a completion for bash.

# The words of [--format a|b|c] in the arguments of a command, for the option that is named before them.
function note_choices(name, arguments,    rest, choices) {
  rest = arguments
  while (match(rest, /--[a-z-]+ [a-z0-9-]+(\|[a-z0-9-]+)+/)) {
    choices = substr(rest, RSTART, RLENGTH)
    rest = substr(rest, RSTART + RLENGTH)
    split(choices, part, " ")
    gsub(/\|/, " ", part[2])
    value_cases = value_cases "  " name ":" part[1] ") words=\"" part[2] "\" ;;\n"
  }
}

$1 == "command" {
  commands = commands " " $2
  order[++count] = $2
  words[$2] = ""
  note_choices($2, $3)
}

$1 == "option" {
  if (!($2 in words))
    order[++count] = $2
  words[$2] = words[$2] ($3 == "-" ? "" : " " $3) " " $4
  if ($5 != "-" && $4 != "--config")
    value_cases = value_cases "  " ($3 == "-" ? "" : $2 ":" $3 " | ") $2 ":" $4 ") " ($5 == "FILE" || $5 == "DIR" ? "files" : "free") "=1 ;;\n"
}

END {
  print "# Completion for flexsync(1) and flexsyncd(8); made from what they tell with --help."
  print "_flexsync() {"
  print "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}"
  print "  local command=${COMP_WORDS[0]##*/} words= files= free= i"
  print "  for ((i = 1; i < COMP_CWORD; i++)); do"
  print "    case ${COMP_WORDS[i]} in"
  print "    -c | --config) i=$((i + 1)) ;;"
  print "    -*) ;;"
  print "    *) [ \"$command\" = flexsyncd ] || command=${COMP_WORDS[i]}; break ;;"
  print "    esac"
  print "  done"
  print "  case $command:$before in"
  print "  *:-c | *:--config) files=1 ;;"
  printf "%s", value_cases
  print "  flexsync:*) [[ $current == -* ]] && words=\"" substr(words["flexsync"], 2) "\" || words=\"" substr(commands, 2) "\" ;;"
  for (i = 1; i <= count; i++)
    if (order[i] != "flexsync")
      print "  " order[i] ":*) words=\"" substr(words[order[i]], 2) (order[i] == "flexsyncd" ? "" : " --help") "\" ;;"
  print "  esac"
  print "  COMPREPLY=()"
  print "  if [ -n \"$files\" ]; then"
  print "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")"
  print "    compopt -o filenames 2>/dev/null"
  print "  elif [ -z \"$free\" ]; then"
  print "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")"
  print "  fi"
  print "}"
  print "complete -F _flexsync flexsync flexsyncd"
}
