import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../../src/cli/run.ts";
import { reportText } from "../../src/cli/doctor-report.ts";
import { CHECKS } from "../../src/doctor/checks.ts";
import type { ReportedFinding } from "../../src/doctor/run.ts";
import { saveAccount } from "../../src/accounts/store.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
});
afterEach(() => context.dispose());

const doctor = (...words: string[]) => runCommandLine(["doctor", ...words], context);

const FINDING: ReportedFinding = {
  check: "file-modes",
  addresses: [],
  severity: "error",
  seen: "/home/somebody/.config/mailkey/accounts can be changed by other users (mode 777), and so can all that is in it",
  means: "mailkey refuses files that somebody else may have written, so that no mail program gets a token.",
  remedy: [
    "chmod go-w /home/somebody/.config/mailkey/accounts/a-folder-with-a-long-name/and-another-one-below-it",
    "mailkey doctor",
  ],
};

describe("the report", () => {
  const style = { colour: false, columns: 80 };
  const examined = (...findings: ReportedFinding[]) => ({ checks: 41, accounts: 2, findings });

  test("says in one line that nothing is wrong, and what was looked at", () => {
    expect(reportText(examined(), style)).toBe("Nothing is wrong (41 checks, 2 accounts).\n");
  });

  test("wraps text at 80 columns and never a command", () => {
    const text = reportText(examined(FINDING), style);
    const [command = ""] = FINDING.remedy;
    expect(text).toContain(`\n           ${command}\n           mailkey doctor\n`);
    for (const line of text.replace(command, "").split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain("1 error (41 checks, 2 accounts).\n");
  });

  test("names the accounts, counts both kinds, and offers to mend what is safe", () => {
    const fix = { does: "chmod", run: () => undefined };
    const text = reportText(
      examined(FINDING, { ...FINDING, addresses: ["a@example.com", "b@example.com"], severity: "warning", fix }),
      style,
    );
    expect(text).toContain("This machine\n");
    expect(text).toContain("a@example.com, b@example.com\n\nwarning  /home/somebody");
    expect(text).toContain("1 error, 1 warning (41 checks, 2 accounts). mailkey doctor --fix mends 1 of\nthem.");
  });

  test("says once what the same commands mend, and what it means", () => {
    const broken: ReportedFinding = {
      ...FINDING,
      check: "msmtp-helper",
      means: "No token.",
      remedy: ["mailkey setup msmtp"],
    };
    const text = reportText(
      examined(
        { ...broken, seen: "line 11 is wrong" },
        { ...broken, seen: "another program is wrong", remedy: ["mailkey setup mutt"] },
        { ...broken, seen: "line 25 is wrong" },
        { ...broken, seen: "it is not what was written", severity: "warning", means: "Old.", check: "setup-drift" },
      ),
      style,
    );
    expect(text).toBe(`This machine

error    line 11 is wrong
error    line 25 is wrong
         No token.
warning  it is not what was written
         Old.
         To mend all of this:
           mailkey setup msmtp
         (msmtp-helper, setup-drift)

error    another program is wrong
         No token.
         To mend it:
           mailkey setup mutt
         (msmtp-helper)

3 errors, 1 warning (41 checks, 2 accounts).
`);
  });

  test("never puts findings together that no command mends", () => {
    const advised = { ...FINDING, remedy: [], advice: "Ask your administrator." };
    const text = reportText(examined(advised, advised), style);
    expect(text.split("Ask your administrator.")).toHaveLength(3);
  });

  test("shows no escape sequence that somebody put into a file's name", () => {
    const text = reportText(examined({ ...FINDING, seen: "a\u001b[2Jb", remedy: ["rm 'a\u001b[2J  b'"] }), style);
    expect(text).not.toContain("\u001b");
    expect(text).toContain("rm 'a [2J  b'");
  });

  test("is in colour where that is wanted", () => {
    expect(reportText(examined(FINDING), { ...style, colour: true })).toContain("\u001b[31merror\u001b[39m    /home");
  });
});

describe("doctor", () => {
  test("lists its checks", async () => {
    expect(await doctor("--list")).toBe(0);
    for (const { id, title } of CHECKS) expect(context.out()).toMatch(new RegExp(`^${id} +${title}$`, "m"));
  });

  test("refuses a check that does not exist, naming the nearest", async () => {
    expect(await doctor("--only", "file-mode")).toBe(64);
    expect(context.err()).toContain("did you mean --only file-modes?");
  });

  test("refuses an account that does not exist", async () => {
    expect(await doctor("nobody@example.com")).toBe(78);
    expect(context.err()).toContain("there is no account nobody@example.com");
  });

  test("mends with --fix, says so, and finds nothing any more", async () => {
    const account = { address: "me@hotmail.com", provider: "microsoft-personal", client: { id: "x" } };
    saveAccount(context.paths, account);
    const folder = `${context.paths.config}/accounts`;
    chmodSync(folder, 0o777);
    expect(await doctor("--only", "file-modes")).toBe(2);
    expect(context.out()).toContain("mailkey doctor --fix mends all of them");
    expect(await doctor("--only", "file-modes", "--fix")).toBe(0);
    expect(context.err()).toContain(`done: chmod go-w ${folder}\n`);
    expect(context.out()).toEndWith("Nothing is wrong (1 check, 1 account).\n");
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  test("shows no control character of a file's name, whatever it prints", async () => {
    const folder = join(context.paths.state, "vault");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "a\u001b]0;hacked\u0007\u009b.age"), "");
    for (const flags of [["--json"], [], ["--fix"]]) {
      chmodSync(join(folder, "a\u001b]0;hacked\u0007\u009b.age"), 0o666);
      await doctor("--only", "file-modes", ...flags);
    }
    expect(context.err()).toContain("done: chmod go= ");
    expect(context.out() + context.err()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test("prints JSON with the commands, and what --fix would do", async () => {
    saveAccount(context.paths, { address: "me@hotmail.com", provider: "microsoft-personal", client: { id: "x" } });
    chmodSync(`${context.paths.config}/accounts`, 0o777);
    expect(await doctor("--only", "file-modes", "--json")).toBe(2);
    expect(JSON.parse(context.out())).toEqual({
      checks: 1,
      accounts: 1,
      fixed: [],
      findings: [
        expect.objectContaining({
          check: "file-modes",
          severity: "error",
          addresses: [],
          remedy: [`chmod go-w ${context.paths.config}/accounts`],
          fix: `chmod go-w ${context.paths.config}/accounts`,
        }),
      ],
    });
    expect(context.err()).toBe("");
  });
});
