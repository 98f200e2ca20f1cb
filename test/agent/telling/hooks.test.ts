/** Hooks are real shells here: what matters is what a program finds in its environment, and what becomes of it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Hooks, type HookPorts } from "../../../src/agent/telling/hooks.ts";
import { MESSAGES } from "../../../src/agent/telling/messages.ts";
import { createLog } from "../../../src/service/log.ts";
import { until as untilSo } from "../../support/until.ts";
import { ADDRESS, AgentWorld, occasion, TARGET } from "../world.ts";

let world: AgentWorld;
let lines: string[];
let hooks: Hooks | undefined;

beforeEach(() => {
  world = new AgentWorld();
  lines = [];
});
afterEach(async () => {
  await hooks?.stop();
  world.dispose();
});

const start = (commands: Partial<HookPorts["commands"]>, limitMs = 30_000) => {
  hooks = new Hooks({
    commands: { needsLogin: undefined, renewed: undefined, error: undefined, ...commands },
    env: { PATH: process.env["PATH"], HOOK_FOLDER: world.home },
    log: createLog(MESSAGES, world.clock, "debug", (line) => lines.push(line)),
    limitMs,
  });
  return hooks;
};
const until = <T>(look: () => T | undefined | false) => untilSo(look, () => lines.join("\n"));
const logged = (text: string) => lines.filter((line) => line.includes(text));
const ended = (count = 1) => until(() => logged(" hook ended").length + logged(" hook failed").length >= count);
const file = (name: string) => join(world.home, name);
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    // A zombie, whose parent has not looked yet, is no longer running.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe("a hook", () => {
  test("finds what happened in its environment, and its standard input empty", async () => {
    start({ needsLogin: 'cat > "$HOOK_FOLDER/in"; env | grep ^MAILKEY_ | sort > "$HOOK_FOLDER/out"' }).tell(
      occasion({ endsAtMs: Date.UTC(2026, 1, 1) }),
    );
    await ended();
    expect(readFileSync(file("in"), "utf8")).toBe("");
    expect(readFileSync(file("out"), "utf8")).toBe(
      [
        `MAILKEY_ADDRESS=${ADDRESS}`,
        "MAILKEY_ENDS_AT=2026-02-01T00:00:00Z",
        "MAILKEY_EVENT=needs_login",
        `MAILKEY_HINT=mailkey login ${ADDRESS}`,
        "MAILKEY_REASON=the provider refuses",
        "MAILKEY_RESOURCE=outlook",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["sign-in-over", "needs_login"],
    ["sign-in-ends", "needs_login"],
    ["client-ends", "error"],
    ["failing", "error"],
  ] as const)("on %s is %s", async (kind, name) => {
    const command = 'printf %s "$MAILKEY_EVENT" > "$HOOK_FOLDER/out"';
    start({ needsLogin: command, error: command }).tell(occasion({ kind }));
    await ended();
    expect(readFileSync(file("out"), "utf8")).toBe(name);
  });

  test("on a renewed token is told when it ends, and not the token", async () => {
    start({ renewed: 'env > "$HOOK_FOLDER/out"; cat /proc/$$/cmdline /proc/$$/environ > "$HOOK_FOLDER/proc"' });
    hooks?.observe(world.token(false));
    hooks?.observe(world.token());
    await ended();
    expect(logged(" hook started")).toHaveLength(1);
    expect(readFileSync(file("out"), "utf8")).toContain("MAILKEY_ENDS_AT=2026-01-15T13:00:00Z\n");
    for (const name of ["out", "proc"]) expect(readFileSync(file(name), "utf8")).not.toContain("access-token-of");
    expect(lines.join()).not.toContain("access-token-of");
  });

  test("sees foreign words as words: no shell runs them, no line or escape sequence starts in them", async () => {
    const bad = `$(touch ${file("pwned")})\`touch ${file("pwned")}\`"';touch ${file("pwned")};\nMAILKEY_EVENT=x\u001b[2J`;
    start({ needsLogin: 'printf "%s\\n" "$MAILKEY_ADDRESS" "$MAILKEY_REASON" > "$HOOK_FOLDER/out"; true' }).tell(
      occasion({ reason: bad, address: `"$(touch ${file("pwned")})"@test.example` }),
    );
    await ended();
    expect(existsSync(file("pwned"))).toBe(false);
    const [address, reason, ...more] = readFileSync(file("out"), "utf8").split("\n");
    expect(address).toBe(`"$(touch ${file("pwned")})"@test.example`);
    expect(reason).toEndWith("MAILKEY_EVENT=x [2J");
    expect(more).toEqual([""]);
  });

  test("that is not configured is not run", () => {
    start({}).tell(occasion());
    expect(lines).toEqual([]);
  });

  test("that fails, or cannot be found, is a line in the log", async () => {
    start({ needsLogin: "exit 3", error: "no-such-program-here" });
    hooks?.tell(occasion());
    hooks?.tell(occasion({ kind: "failing" }));
    await ended(2);
    expect(logged("hook=needs_login").at(-1)).toContain('how="exit 3"');
    expect(logged("hook=error").at(-1)).toContain('how="exit 127"');
    await until(() => logged("hook printed").length > 0);
    expect(logged("hook printed")[0]).toContain("not found");
  });

  test("prints into the log at debug: some of it, and nothing that may be a token", async () => {
    const token = "eyJ0eXAiOiJKV1QiLCJub25jZSI6IkFCQyJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sifQ.c2lnbmF0dXJl";
    const script = file("script");
    writeFileSync(script, `echo "found /usr/local/share/mailkey/notify-me.sh"\necho "token=${token}"\nyes flood >&2\n`);
    start({ renewed: `sh ${script} & sleep 0.3; kill $!` }).observe(world.token());
    await ended();
    await until(() => logged("token=").length > 0);
    const printed = logged("hook printed");
    expect(printed.join()).toContain("/usr/local/share/mailkey/notify-me.sh");
    expect(printed.join()).toContain("token=[redacted]");
    expect(printed.join()).not.toContain("eyJ0eXAi");
    expect(printed.length).toBeLessThan(1000);
  });
});

describe("several events", () => {
  test("run a hook one after the other, and another hook meanwhile", async () => {
    start({
      renewed: 'echo "$MAILKEY_RESOURCE" >> "$HOOK_FOLDER/out"; while [ ! -e "$HOOK_FOLDER/go" ]; do sleep 0.01; done',
      needsLogin: "true",
    });
    for (const resource of ["one", "two", "three"]) hooks?.observe(world.token(true, { ...TARGET, resource }));
    await until(() => existsSync(file("out")));
    hooks?.tell(occasion());
    await until(() => logged("hook ended").length === 1);
    expect(logged("hook ended")[0]).toContain("hook=needs_login");
    expect(readFileSync(file("out"), "utf8")).toBe("one\n");
    writeFileSync(file("go"), "");
    await ended(4);
    expect(readFileSync(file("out"), "utf8")).toBe("one\ntwo\nthree\n");
  });

  test("beyond a thousand that wait are left out, and said to be", () => {
    start({ renewed: "sleep 60" });
    for (let count = 0; count < 1003; count += 1) hooks?.observe(world.token());
    expect(logged("one is left out")).toHaveLength(2);
  });
});

describe("a hook that does not end", () => {
  const endless =
    'sleep 600 & echo $! > "$HOOK_FOLDER/child.part"; mv "$HOOK_FOLDER/child.part" "$HOOK_FOLDER/child"; ';
  const child = async () => {
    await until(() => existsSync(file("child")));
    return Number(readFileSync(file("child"), "utf8"));
  };

  test("is ended after its time with everything it has started, and the next one has its turn", async () => {
    start({ renewed: `${endless} wait` }, 300);
    hooks?.observe(world.token());
    hooks?.observe(world.token());
    const pid = await child();
    await ended(2);
    expect(logged("hook failed")[0]).toContain('how="took too long"');
    await until(() => !isAlive(pid));
  });

  test("leaves nothing that it has started, though that will not be ended and its shell is gone", async () => {
    const deaf = `sh -c 'trap "" TERM; echo $$ > "$HOOK_FOLDER/child.part"; mv "$HOOK_FOLDER/child.part" "$HOOK_FOLDER/child"`;
    start({ renewed: `${deaf}; while :; do sleep 0.1; done' & wait` }, 300);
    hooks?.observe(world.token());
    const pid = await child();
    await ended();
    await until(() => !isAlive(pid));
  });

  test("and will not be ended is killed, when the agent stops as well", async () => {
    start({ renewed: `trap '' TERM; ${endless} while :; do wait; done` });
    hooks?.observe(world.token());
    hooks?.observe(world.token());
    const pid = await child();
    expect(isAlive(pid)).toBe(true);
    await hooks?.stop();
    await until(() => !isAlive(pid));
    expect(logged("hook started")).toHaveLength(1);
  });
});
