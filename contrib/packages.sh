# Sourced by quickstart, dev, build-package and run-tests: what of Debian is needed, and how it comes here.

packages_build="gcc libc6-dev make cmake pkg-config libcurl4-openssl-dev libsqlite3-dev libjansson-dev libsystemd-dev
libconfig-dev libxlsxwriter-dev libminizip-dev libmicrohttpd-dev zlib1g-dev sqlite3 ca-certificates"
packages_package="build-essential debhelper scdoc"
packages_dev="entr libcmocka-dev"
packages_tests="libcmocka-dev clang clang-format libclang-rt-dev valgrind curl openssl socat git procps
lintian logrotate man-db systemd-container zsh time util-linux python3 python3-jsonschema python3-openpyxl
python3-vobject tmux"

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
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install them; the log is $log" >&2
    exit 69
  fi
  rm -f "$log"
}
