import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postfix } from "../../src/clients/postfix.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const anna = mailAccount("anna@mail.test");
const bob = mailAccount("bob@mail.test");
const FOLDER = "/home/anna/.config/postfix-mailkey";
const SCRIPT = `${FOLDER}/anna-mail-test`;

function render(accounts: Parameters<typeof renderRequest>[0], env: Record<string, string> = {}) {
  const find = (name: string) => (name === "msmtp" ? { path: "/usr/bin/msmtp", version: "1.8.23" } : undefined);
  return postfix.render(renderRequest(accounts, { find, env: { HOME: "/home/anna", LOGNAME: "anna", ...env } }));
}

describe("the Postfix recipe", () => {
  test("runs msmtp as the mailbox's owner, through a script of the owner's", async () => {
    const rendering = await render([anna]);
    expect(rendering.edits.map(({ path }) => path)).toEqual([SCRIPT, `${FOLDER}/install`, `${FOLDER}/uninstall`]);
    const install = textFor(rendering, `${FOLDER}/install`);
    expect(install).toContain(
      `postconf -M 'mailkey-anna-mail-test/unix=mailkey-anna-mail-test unix - n n - - pipe flags=q user=anna argv=/bin/sh ${SCRIPT} \${recipient}'\n`,
    );
    expect(install).toContain("postconf -e default_transport=mailkey-anna-mail-test\n");
    expect(install).not.toContain("inline:");
    expect(rendering.notes[0]).toEndWith(`sudo sh ${FOLDER}/install`);
  });

  test("hands on what decides where mailkey's files are, and nothing else", async () => {
    const text = textFor(await render([anna], { MAILKEY_HOME: "/srv/my mail", SECRET: "x" }), SCRIPT);
    expect(text.match(/^export .*$/gm)).toEqual(["export HOME=/home/anna", "export MAILKEY_HOME='/srv/my mail'"]);
  });

  test("sends from one of several mailboxes through that one, and all else through the first", async () => {
    const install = textFor(await render([anna, bob]), `${FOLDER}/install`);
    expect(install).toContain("postconf -e default_transport=mailkey-anna-mail-test\n");
    expect(install).toContain(
      "postconf -e 'sender_dependent_default_transport_maps=inline:{ { anna@mail.test = mailkey-anna-mail-test: }, { bob@mail.test = mailkey-bob-mail-test: } }'\n",
    );
  });

  test("quotes a hostile address for the shell, twice where it is a command within a command", async () => {
    const hostile = mailAccount("o'b$(x)@mail.test", { label: "o" });
    const text = textFor(await render([hostile]), SCRIPT.replace("anna-mail-test", "o"));
    expect(text).toContain(`'--from=o'\\''b$(x)@mail.test'`);
    expect(text).toContain(`'--passwordeval=/usr/local/bin/mailkey token '\\''o'\\''\\'\\'''\\''b$(x)@mail.test'\\'''`);
    expect(() => render([hostile, anna])).toThrow("cannot be written in a table");
  });

  test("refuses root, as whom Postfix runs nothing, and a machine without msmtp", () => {
    expect(() => render([anna], { LOGNAME: "root" })).toThrow("runs no program as root");
    expect(() => postfix.render(renderRequest([anna], { env: { LOGNAME: "anna" } }))).toThrow("msmtp, which is not");
  });
});

describe("the script that Postfix runs", () => {
  let folder: string;
  let script: string;
  /** Stands for msmtp: keeps its arguments, and says and exits with what it is told. */
  const PRETENDER = `#!/bin/sh\nprintf '%s\\n' "$@" >"$ARGUMENTS"\nprintf '%s\\n' "$SAID" >&2\nexit "$STATUS"\n`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mk-"));
    const path = join(folder, "msmtp");
    writeFileSync(path, PRETENDER, { mode: 0o755 });
    const hostile = mailAccount("o'b$(touch x)@mail.test", { label: "o" });
    const find = () => ({ path, version: undefined });
    const env = { HOME: folder, LOGNAME: "anna" };
    const rendering = await postfix.render(renderRequest([hostile], { find, env, home: folder, caFile: "/ca.pem" }));
    script = textFor(rendering, join(folder, ".config/postfix-mailkey/o"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(status: number, said = "") {
    const file = join(folder, "arguments");
    const env = { PATH: "/usr/bin:/bin", ARGUMENTS: file, STATUS: String(status), SAID: said };
    const args = ["-c", script, "sh", "-recipient@else where.test"];
    const result = spawnSync("sh", args, { env, cwd: folder, encoding: "utf8" });
    return { status: result.status, stderr: result.stderr, args: readFileSync(file, "utf8").trimEnd().split("\n") };
  }

  test("hands each word to msmtp as it is, and runs nothing that is in an address", () => {
    expect(run(0).args).toEqual([
      "--host=smtp.mail.test",
      "--port=587",
      "--tls=on",
      "--tls-starttls=on",
      "--tls-trust-file=/ca.pem",
      "--auth=xoauth2",
      "--user=o'b$(touch x)@mail.test",
      "--passwordeval=/usr/local/bin/mailkey token 'o'\\''b$(touch x)@mail.test'",
      "--from=o'b$(touch x)@mail.test",
      "--set-from-header=on",
      "--",
      "-recipient@else where.test",
    ]);
  });

  test.each([
    ["success", 0, "", 0],
    [
      "a refused recipient",
      65,
      "msmtp: recipient address x not accepted by the server\nmsmtp: server message: 550",
      65,
    ],
    [
      "a recipient to be tried later",
      69,
      "msmtp: recipient address x not accepted by the server\nmsmtp: server message: 451",
      75,
    ],
    ["a token too long for msmtp", 65, "msmtp: cannot send: longer than 4094 characters", 75],
    ["a refused message", 69, "msmtp: the server did not accept the mail\nmsmtp: server message: 552 too big", 69],
    [
      "a message to be sent again later",
      69,
      "msmtp: the server did not accept the mail\nmsmtp: server message: 432",
      75,
    ],
    ["a certificate that is not trusted", 69, "msmtp: TLS certificate verification failed", 75],
    ["an unknown host", 68, "msmtp: cannot locate host", 75],
    ["a refused token", 77, "msmtp: authentication failed\nmsmtp: server message: 535 5.7.8", 75],
    ["no token", 78, "mailkey: hint: mailkey login", 75],
    ["no msmtp", 127, "", 75],
  ])("answers %s (%i) so that Postfix does the right thing", (_, status, said, expected) => {
    const result = run(status, said);
    expect(result.status).toBe(expected);
    expect(result.stderr).toBe(status === 0 ? "" : `${said}\n`);
  });
});
