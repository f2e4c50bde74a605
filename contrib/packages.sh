# Sourced by the scripts beside it: what of Debian is needed, how it comes here, and what else they share.

packages_build="gcc libc6-dev make cmake pkg-config libcurl4-openssl-dev libsqlite3-dev libjansson-dev libsystemd-dev
libconfig-dev libxlsxwriter-dev libminizip-dev libmicrohttpd-dev zlib1g-dev sqlite3 ca-certificates"
packages_package="build-essential debhelper scdoc"
packages_dev="entr libcmocka-dev"
packages_tests="libcmocka-dev clang clang-format libclang-rt-dev valgrind curl openssl socat git procps
lintian logrotate man-db systemd-container zsh time util-linux python3 python3-jsonschema python3-openpyxl
python3-vobject tmux"

# choose_site: `name` is site with FLEX_API_KEY and FLEX_BASE_URL, flexsim with neither. One alone is a slip: made-up
# contacts are not what was asked for.
choose_site() {
  local missing given
  name=flexsim
  case ${FLEX_API_KEY:+key}${FLEX_BASE_URL:+site} in
  '') return ;;
  keysite) name=site && return ;;
  key) missing=FLEX_BASE_URL given=FLEX_API_KEY ;;
  site) missing=FLEX_API_KEY given=FLEX_BASE_URL ;;
  esac
  echo "$given is set and $missing is not: your own site needs both, the made-up one neither" >&2
  exit 64
}

# show_progress WHAT: percents, one a line of the input, on stderr: in place on a terminal, else a line at every quarter.
show_progress() {
  local percent shown=-1
  while read -r percent; do
    [ "$percent" -gt "$shown" ] || continue
    if [ -t 2 ]; then
      shown=$percent
      printf '\r%s: %d %%' "$1" "$percent" >&2
    elif [ "$percent" -ge $((shown + 25)) ]; then
      shown=$percent
      printf '%s: %d %%\n' "$1" "$percent" >&2
    fi
  done
  [ ! -t 2 ] || [ "$shown" -lt 0 ] || echo >&2
}

# The percents in what apt-get writes to its APT::Status-Fd: one half is the download, the other the installation.
apt_percents() {
  local line
  while read -r line; do
    [[ $line =~ :([0-9]+)(\.[0-9]+)?:[^0-9] ]] || continue
    case $line in
    dlstatus:*) echo $((BASH_REMATCH[1] / 2)) ;;
    pmstatus:*) echo $((50 + BASH_REMATCH[1] / 2)) ;;
    esac
  done
}

# make_percents LOG: those in the output of a build by cmake, all of which goes to LOG.
make_percents() { tee -a "$1" | sed -unE 's/^\[ *([0-9]+)%\].*/\1/p'; }

# need_packages NAME...: installs what is missing when root, otherwise prints the one command and ends with 69.
need_packages() {
  local name missing=()
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "Some packages are missing. Install them, then run this again:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 69
  fi
  echo "Installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! {
    apt-get update && { DEBIAN_FRONTEND=noninteractive apt-get -o APT::Status-Fd=3 install -y --no-install-recommends \
      "${missing[@]}" 3>&1 >&4 | apt_percents | show_progress "Installing" 2>&5; } 4>&1
  } 5>&2 >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install them; the log is $log" >&2
    exit 69
  fi
  rm -f "$log"
}
