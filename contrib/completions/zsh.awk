# contrib/command-table to a completion for zsh.

# Inside of '…' and of […].
function quoted(text) {
  gsub(/'/, "'\\''", text)
  gsub(/[\[\]:]/, "\\\\&", text)
  return text
}

# What may follow an option: files, one of some words, or anything.
function value_of(name, long, value,    at, rest) {
  if (value == "-")
    return ""
  if (value == "FILE" || value == "DIR")
    return ":file:_files"
  rest = arguments[name]
  at = index(rest, long " ")
  rest = substr(rest, at + length(long) + 1)
  if (at && match(rest, /^[a-z0-9-]+(\|[a-z0-9-]+)+/)) {
    rest = substr(rest, 1, RLENGTH)
    gsub(/\|/, " ", rest)
    return ":" tolower(value) ":(" rest ")"
  }
  return ":" tolower(value) ": "
}

$1 == "command" {
  arguments[$2] = $3
  order[++count] = $2
  described = described "    '" $2 ":" quoted($4) "'\n"
}

$1 == "option" {
  rest = "'[" quoted($6) "]" value_of($2, $4, $5) "'"
  if ($3 == "-")
    options[$2] = options[$2] " \\\n        '" $4 "'" rest
  else
    options[$2] = options[$2] " \\\n        '(" $3 " " $4 ")'{" $3 "," $4 "}" rest
}

END {
  print "#compdef flexsync flexsyncd"
  print "# Completion for flexsync(1) and flexsyncd(8); made from what they tell with --help."
  print "_flexsync() {"
  print "  local context state line"
  print "  typeset -A opt_args"
  print "  local -a commands=("
  printf "%s", described
  print "  )"
  print "  if [[ $service == flexsyncd ]]; then"
  print "    _arguments" options["flexsyncd"]
  print "    return"
  print "  fi"
  print "  _arguments -C" options["flexsync"] " \\\n        '1:command:->command' '*::argument:->argument'"
  print "  case $state in"
  print "  command) _describe command commands ;;"
  print "  argument)"
  print "    case $words[1] in"
  for (i = 1; i <= count; i++)
    print "    " order[i] ") _arguments" options[order[i]] " \\\n        '--help[help on this command]' '*:word: ' ;;"
  print "    esac"
  print "    ;;"
  print "  esac"
  print "}"
  print "_flexsync \"$@\""
}
