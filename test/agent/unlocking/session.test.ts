import { expect, test } from "bun:test";
import { canAskIn, isAtTerminal, withSession } from "../../../src/agent/unlocking/session.ts";

test("a person is asked where they are, and on no display of another desk; the keyring may be the agent's own", () => {
  const own = { PATH: "/bin", DISPLAY: ":0", GPG_TTY: "/dev/tty1", DBUS_SESSION_BUS_ADDRESS: "unix:path=/own" };
  const client = { GPG_TTY: "/dev/pts/7", TERM: "xterm", PATH: "/tmp", LD_PRELOAD: "evil.so" };
  expect(withSession(own, client)).toEqual({
    PATH: "/bin",
    GPG_TTY: "/dev/pts/7",
    TERM: "xterm",
    DISPLAY: undefined,
    WAYLAND_DISPLAY: undefined,
    XAUTHORITY: undefined,
    DBUS_SESSION_BUS_ADDRESS: "unix:path=/own",
  });
  const bus = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/client" };
  expect(withSession(own, bus)).toMatchObject(bus);
});

test.each([
  [{}, false, false],
  [{ GPG_TTY: "not a tty" }, false, false],
  [{ GPG_TTY: "/dev/pts/7" }, true, true],
  [{ DISPLAY: ":0" }, false, true],
  [{ WAYLAND_DISPLAY: "wayland-0" }, false, true],
  [{ DISPLAY: "", WAYLAND_DISPLAY: "" }, false, false],
])("with %p it is known whether there is a terminal, and whether somebody can be asked", (env, terminal, asked) => {
  expect([isAtTerminal(env), canAskIn(env, "linux")]).toEqual([terminal, asked]);
  expect(canAskIn(env, "darwin")).toBe(true);
});
