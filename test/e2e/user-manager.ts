/**
 * A real systemd of a user's own, for a script to talk to, on machines that systemd need not run: in namespaces of its own, with a control
 * group and a /run of its own, as a user without privileges who owns nothing else. It takes root to make all that.
 */
import { spawn, spawnSync } from "node:child_process";
import { finish, type Result } from "./harness.ts";

/** Of no account: what belongs to it belongs to nobody else. */
export const USER = 61_234;

const NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;
const SYSTEMD = "/usr/lib/systemd/systemd";

/** Its own control group is removed again, with whoever is still in it. */
const WITH_MANAGER = `set -eu
mount --make-rprivate /
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/systemd/system "/run/user/$USER_ID"
chown "$USER_ID" "/run/user/$USER_ID"
chmod 700 "/run/user/$USER_ID"
group="/sys/fs/cgroup/mailkey-test-$TEST_ID"
mkdir -p "$group/manager"
chown -R "$USER_ID" "$group"
end() {
  echo 1 > "$group/cgroup.kill"
  until find "$group" -depth -type d -exec rmdir {} + 2> /dev/null; do sleep 0.05; done
}
trap end EXIT
as_user="setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i HOME=$HOME PATH=$PATH XDG_RUNTIME_DIR=/run/user/$USER_ID"
sh -c "echo \\$\\$ > $group/manager/cgroup.procs; exec $as_user SYSTEMD_LOG_TARGET=null ${SYSTEMD} --user --unit=basic.target" &
until [ -S "/run/user/$USER_ID/systemd/private" ]; do kill -0 $!; sleep 0.05; done
status=0
$as_user sh -eu "$SCRIPT" || status=$?
exit $status
`;

/** Root, and a kernel that lets it have all this. */
export function canHaveUserManager(): boolean {
  if (process.getuid?.() !== 0) return false;
  const probe = `test -x ${SYSTEMD} && mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && test -w /sys/fs/cgroup/cgroup.procs`;
  return spawnSync("unshare", [...NAMESPACES, "sh", "-c", probe]).status === 0;
}

/**
 * Runs a shell script as `USER` beside that user's systemd. Everything that was started is gone afterwards.
 *
 * @param script its path; `home` and it have to be within the user's reach
 */
export function withUserManager(script: string, home: string): Promise<Result> {
  const child = spawn("unshare", [...NAMESPACES, "sh", "-c", WITH_MANAGER], {
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: home,
      SCRIPT: script,
      USER_ID: String(USER),
      TEST_ID: String(process.pid),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return finish(child);
}
