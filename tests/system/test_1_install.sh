# The package is installed: all is there, and nothing runs.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153
. /system-tests/system/lib.sh

test_the_package_installs_and_neither_enables_nor_starts() {
    [ ! -e /usr/sbin/flexsyncd ] || fail "a flexsyncd is installed on this machine already"
    useradd --no-create-home reader
    useradd --no-create-home stranger
    dpkg -i /system-tests/package.deb >dpkg.out 2>&1 || fail "$(cat dpkg.out)"
    usermod -a -G flexsync reader
    local unit
    for unit in flexsyncd.service flexsync-resync.timer; do
        expect_equal "$unit" "$(systemctl is-enabled $unit || true) $(systemctl is-active $unit || true)" "disabled inactive"
    done
    expect_equal "state directory" "$(stat -c '%U:%G %a' $STATE)" "flexsync:flexsync 750"
    expect_equal "settings" "$(stat -c '%U:%G %a' $CONF)" "root:root 644"
    expect_match "user" "$(getent passwd flexsync)" ':/var/lib/flexsync:/usr/sbin/nologin$'
}

test_the_units_are_in_order_as_systemd_reads_them() {
    systemd-analyze verify flexsyncd.service flexsyncd@site.service flexsync-resync.service flexsync-resync.timer 2>verify.err ||
        fail "$(cat verify.err)"
    expect_equal "what systemd-analyze verify says of them" "$(grep -i flexsync verify.err || true)" ""
}

test_the_catalog_explains_every_kind_of_event() {
    local id missing=
    journalctl --list-catalog >catalog.out 2>/dev/null
    for id in $(grep -oE '\{"[0-9a-f]{32}"' /system-tests/event.c | tr -d '{"'); do
        grep -q "^$id flex-contacts-sync: " catalog.out || missing+=" $id"
    done
    expect_equal "kinds that journalctl -x cannot explain" "$missing" ""
}
