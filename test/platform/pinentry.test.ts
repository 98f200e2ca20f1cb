import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openPinentry, type PinentryOptions } from "../../src/platform/pinentry.ts";
import { Home } from "../e2e/harness.ts";
import { withPrograms } from "../e2e/programs.ts";
import { Terminal } from "../programs/terminal.ts";
import { failureOf, isInstalled, shortFolder, writeExecutable } from "../vault/support.ts";

const folder = shortFolder();
afterAll(() => folder.dispose());

const options = (program: string, more: Partial<PinentryOptions> = {}): PinentryOptions => ({
  program,
  env: { PATH: process.env["PATH"] },
  title: "mailkey",
  description: "100% of it,\nplease",
  prompt: "Passphrase:",
  timeoutSeconds: 60,
  ...more,
});

/** A pinentry that keeps to the protocol until it is asked for the passphrase. */
function stub(name: string, getpin: string, greeting = 'echo "OK hello"'): string {
  return writeExecutable(
    join(folder.path, name),
    `#!/bin/sh
${greeting}
while read -r command rest; do
  echo "$command $rest" >> '${join(folder.path, `${name}.log`)}'
  case $command in
    GETPIN) ${getpin} ;;
    *) echo OK ;;
  esac
done
`,
  );
}

async function answerOf(name: string, getpin: string): Promise<string> {
  const pinentry = await openPinentry(options(stub(name, getpin)));
  try {
    return new TextDecoder().decode(await pinentry.ask());
  } finally {
    pinentry.close();
  }
}

async function failure(name: string, getpin: string) {
  const error = await failureOf(answerOf(name, getpin));
  return [error.code, error.details?.["reason"]];
}

describe("a pinentry", () => {
  test("gives what was typed, escapes and several lines undone, and other talk passed over", async () => {
    const talk = `echo "# hello"; echo "S PASSWORD_FROM_CACHE"; printf 'D a%%25b%%0Ac\\n'; printf 'D  d\\303\\251\\n'; echo "OK done"`;
    expect(await answerOf("talk", talk)).toBe("a%b\nc dé");
    const sent = readFileSync(join(folder.path, "talk.log"), "utf8");
    expect(sent).toContain("SETDESC 100%25 of it,%0Aplease\n");
    expect(sent).toContain("SETTIMEOUT 60\n");
    expect(sent).not.toContain("OPTION"); // there is no terminal to tell of, and nothing may be kept elsewhere
  });

  test("gives an empty answer for an empty one", async () => {
    expect(await answerOf("empty", "echo OK")).toBe("");
  });

  test("is asked again in the same window, and told what was wrong", async () => {
    const pinentry = await openPinentry(options(stub("again", 'echo "D x"; echo OK')));
    await pinentry.ask();
    await pinentry.ask("no: 50%");
    pinentry.close();
    expect(readFileSync(join(folder.path, "again.log"), "utf8")).toMatch(/GETPIN \nSETERROR no: 50%25\nGETPIN/);
  });

  test("learns where the person sits", async () => {
    const env = { PATH: process.env["PATH"], GPG_TTY: "/dev/pts/7", TERM: "vt%100", LC_ALL: "de_DE.UTF-8" };
    (await openPinentry(options(stub("place", "echo OK"), { env }))).close();
    expect(readFileSync(join(folder.path, "place.log"), "utf8").match(/^OPTION .*/gm)).toEqual([
      "OPTION ttyname=/dev/pts/7",
      "OPTION ttytype=vt%25100",
      "OPTION lc-ctype=de_DE.UTF-8",
    ]);
  });

  test.each([
    ["cancelled", 'echo "ERR 83886179 Operation cancelled <Pinentry>"', "ERR_VAULT_LOCKED", "cancelled"],
    ["timeout", 'echo "ERR 83886142 Timeout <Pinentry>"', "ERR_VAULT_LOCKED", "timeout"],
    ["tty", 'echo "ERR 83918950 Inappropriate ioctl for device <Pinentry>"', "ERR_VAULT_LOCKED", "no_terminal"],
    ["other", 'echo "ERR 83886081 General error <Pinentry>"', "ERR_VAULT_UNUSABLE", "other"],
    ["nonsense", 'echo "ERR what"', "ERR_VAULT_UNUSABLE", "other"],
    ["gone", "exit 3", "ERR_VAULT_UNUSABLE", "ended"],
    ["endless", "tr '\\0' x < /dev/zero", "ERR_VAULT_UNUSABLE", "protocol"],
    ["flood", 'while :; do echo "D xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; done', "ERR_VAULT_UNUSABLE", "protocol"],
    ["chatter", "yes S hello", "ERR_VAULT_UNUSABLE", "protocol"],
    ["curious", "yes INQUIRE x", "ERR_VAULT_UNUSABLE", "protocol"],
    ["stubborn", "trap '' TERM; yes S hello", "ERR_VAULT_UNUSABLE", "protocol"],
    ["escape", 'echo "D a%zz"; echo OK', "ERR_VAULT_UNUSABLE", "protocol"],
    ["cut", 'echo "D a%4"; echo OK', "ERR_VAULT_UNUSABLE", "protocol"],
  ])("that is %s is told apart", async (name, getpin, code, reason) => {
    expect(await failure(name, getpin)).toEqual([code, reason]);
  });

  test("that asks back is told nothing", async () => {
    const inquire = 'echo "INQUIRE PASSWORD"; read -r reply; echo "D $reply"; echo OK';
    expect(await answerOf("inquire", inquire)).toBe("CAN");
  });

  test("that complains is not let at the terminal", async () => {
    const error = await failureOf(answerOf("rude", `printf 'ERR 1 \\033]0;x\\007\\033[31mred\\n'`));
    expect(error.message).toContain("red");
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  });

  test("that says nothing at all is given up, and so is one whose question nobody wants any more", async () => {
    const silent = options(stub("silent", "echo OK", "sleep 600"), { timeoutSeconds: 0 });
    expect((await failureOf(openPinentry(silent))).details?.["reason"]).toBe("timeout");
    const controller = new AbortController();
    const pinentry = await openPinentry(options(stub("unwanted", "sleep 600"), { signal: controller.signal }));
    const asking = failureOf(pinentry.ask());
    controller.abort();
    expect((await asking).details?.["reason"]).toBe("ended");
  });

  test("that is not installed is named", async () => {
    const error = await failureOf(openPinentry(options("/nonexistent/pinentry")));
    expect([error.message, error.details?.["reason"]]).toEqual([
      "/nonexistent/pinentry is not installed",
      "no_pinentry",
    ]);
  });
});

withPrograms(["tmux", "gpg"])("the real pinentry at a terminal", () => {
  /** With the keys that cancel. The first comes with gpg. */
  const programs = [
    ["pinentry-curses", "Tab", "Tab", "Enter"],
    ["pinentry-tty", "C-d"],
  ].filter(([program = ""], index) => index === 0 || isInstalled(program)) as [string, ...string[]][];

  test.each(programs)("%s shows the question, and gives what is typed", async (program, ...cancel) => {
    const home = new Home();
    const tty = join(home.folder, "tty");
    const line = `tty > ${tty}.new; mv ${tty}.new ${tty}; sleep 600`;
    await Terminal.with({ home, line }, async (terminal) => {
      while (!(await Bun.file(tty).exists())) await Bun.sleep(10);
      const env = {
        PATH: process.env["PATH"],
        GPG_TTY: readFileSync(tty, "utf8").trim(),
        TERM: "xterm-256color",
        LC_ALL: "C.UTF-8",
      };
      const pinentry = await openPinentry(options(program, { env }));
      const first = pinentry.ask();
      await terminal.shows("100% of it,");
      await terminal.type("grün 50%");
      await terminal.press("Enter");
      expect(new TextDecoder().decode(await first)).toBe("grün 50%");
      expect(await terminal.screen()).not.toContain("grün");
      const second = failureOf(pinentry.ask("once more"));
      await terminal.shows("once more");
      await terminal.press(...cancel);
      expect((await second).details?.["reason"]).toBe("cancelled");
      pinentry.close();
    });
    home.dispose();
  });
});
