# The package is upgraded, removed and purged.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153
. /system-tests/system/lib.sh

test_the_key_stands_nowhere() {
    local key
    for key in "$KEY" not-this-one "${KEY/Zq7/Yp6}"; do
        expect_equal "journal records with a key" "$(journalctl -q -o export | grep -acF -e "$key" || true)" 0
    done
}

test_an_upgrade_restarts_what_runs_and_starts_nothing_else() {
    fresh
    start_sim --contacts 30
    settings
    cp $CONF settings.before
    cp $CONF $ETC/north.conf
    sed -i "s|$DB|$STATE/north/contacts.db|" $ETC/north.conf
    put_key "$KEY" $ETC/north.api-key
    start flexsyncd@north.service
    hear_done flexsyncd@north.service
    local pid
    pid=$(show MainPID flexsyncd@north.service)
    mark
    dpkg -i --force-confold /system-tests/package.deb >dpkg.out 2>&1 || fail "$(cat dpkg.out)"
    expect_equal "the service" "$(show ActiveState) $(systemctl is-enabled $UNIT || true)" "inactive disabled"
    expect_running flexsyncd@north.service
    [ "$(show MainPID flexsyncd@north.service)" != "$pid" ] || fail "the instance was not restarted"
    cmp settings.before $CONF || fail "the settings were changed"
    start
    hear_done
    pid=$(show MainPID)
    dpkg -i --force-confold /system-tests/package.deb >dpkg.out 2>&1 || fail "$(cat dpkg.out)"
    expect_running
    [ "$(show MainPID)" != "$pid" ] || fail "the service was not restarted"
}

test_removal_stops_all_and_keeps_the_data() {
    fresh
    start_sim --contacts 30
    settings
    cp $CONF $ETC/north.conf
    sed -i "s|$DB|$STATE/north/contacts.db|" $ETC/north.conf
    put_key "$KEY" $ETC/north.api-key
    systemctl enable $UNIT flexsync-resync.timer flexsyncd@north.service 2>/dev/null
    start
    start flexsyncd@north.service
    systemctl start flexsync-resync.timer
    hear_done
    hear_done flexsyncd@north.service
    dpkg --remove flex-contacts-sync >dpkg.out 2>&1 || fail "$(cat dpkg.out)"
    expect_equal "processes left" "$(pgrep -x flexsyncd || true)" ""
    expect_equal "contacts" "$(sql 'SELECT count(*) FROM contacts')" 30
    [ -e $CONF ] || fail "the settings are gone"
}

test_purge_leaves_what_the_administrator_wrote_and_names_it() {
    gpasswd -d reader flexsync >/dev/null
    dpkg --purge flex-contacts-sync >dpkg.out 2>&1 || fail "$(cat dpkg.out)"
    # Everything that has to do with it, wherever it is.
    find /etc /lib/systemd /run /usr /var \( -path /var/cache/man -o -path /run/systemd/system \) -prune -o \
        -iname '*flexsync*' -print 2>/dev/null | sort >left.out
    expect_equal "what is left" "$(grep -v "^$ETC" left.out || true)" ""
    expect_equal "what is left in $ETC" "$(cd $ETC && echo *)" "api-key north.api-key north.conf"
    local name
    for name in api-key north.api-key north.conf; do
        grep -qx "  $ETC/$name" dpkg.out || fail "nothing is said of $name: $(cat dpkg.out)"
    done
    expect_equal "user and group" "$(getent passwd flexsync; getent group flexsync)" ""
}
