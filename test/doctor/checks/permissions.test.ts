import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { readAccount, saveAccount } from "../../../src/accounts/store.ts";
import { fileModes } from "../../../src/doctor/checks/file-modes.ts";
import { fileOwners } from "../../../src/doctor/checks/file-owners.ts";
import { links } from "../../../src/doctor/checks/links.ts";
import { ACCOUNT, ADDRESS, DoctorHome } from "../home.ts";

let home: DoctorHome;
beforeEach(async () => {
  home = await DoctorHome.healthy();
});
afterEach(() => home.dispose());

describe("file-modes", () => {
  const cases = [
    ["config.toml", () => home.path("config", "config.toml"), 0o666, "error", 0o644],
    ["an account", () => home.accountFile(), 0o620, "error", 0o600],
    ["vault.toml", () => home.path("config", "vault.toml"), 0o602, "error", 0o600],
    ["the age identity", () => home.path("config", "age-identity.txt"), 0o640, "error", 0o600],
    ["a stored credential", () => home.path("state", "vault", `${ADDRESS}.age`), 0o604, "error", 0o600],
    ["a status record", () => home.path("state", "status", `${ADDRESS}.json`), 0o622, "error", 0o600],
    ["the folder of accounts", () => dirname(home.accountFile()), 0o777, "error", 0o755],
    ["the vault's folder, writable", () => home.path("state", "vault"), 0o770, "error", 0o700],
    ["the vault's folder, readable", () => home.path("state", "vault"), 0o755, "warning", 0o700],
  ] as const;

  test.each(cases)("puts %s right", async (_what, path, mode, severity, after) => {
    writeFileSync(home.path("config", "config.toml"), "", { mode: 0o600 });
    expect(await home.examine(fileModes)).toEqual([]);
    chmodSync(path(), mode);
    const [finding, ...more] = await home.examine(fileModes);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity, seen: expect.stringContaining(`(mode ${mode.toString(8)})`) });
    await finding?.fix?.run();
    expect(statSync(path()).mode & 0o777).toBe(after);
    chmodSync(path(), mode);
    await home.follow(finding);
    expect(await home.examine(fileModes)).toEqual([]);
  });

  test("allows others to read what is not secret", async () => {
    chmodSync(home.accountFile(), 0o644);
    chmodSync(home.path("config"), 0o755);
    expect(await home.examine(fileModes)).toEqual([]);
  });

  test("looks at secrets wherever they are, and leaves the user's own folders to the user", async () => {
    const folder = join(home.folder, "it's shared");
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, "secret"), "x", { mode: 0o644 });
    saveAccount(home.paths, { ...ACCOUNT, client: { id: "mine", secret: { file: join(folder, "secret") } } });
    const findings = await home.examine(fileModes);
    expect(findings.map(({ seen, fix }) => [seen, fix !== undefined])).toEqual([
      [`${folder} can be changed by other users (mode 777)`, false],
      [`${join(folder, "secret")} can be read by other users (mode 644)`, true],
    ]);
    for (const finding of findings) await home.follow(finding);
    expect(await home.examine(fileModes)).toEqual([]);
  });

  test("reports a folder that its owner cannot write, and a file that its owner cannot read", async () => {
    chmodSync(home.path("state", "vault"), 0o500);
    chmodSync(home.accountFile(), 0o200);
    const findings = await home.examine(fileModes);
    expect(findings.map(({ seen }) => seen)).toEqual([
      `you may not read ${home.accountFile()} (mode 200)`,
      `you may not write in ${home.path("state", "vault")} (mode 500)`,
    ]);
    for (const { fix } of findings) await fix?.run();
    expect(await home.examine(fileModes)).toEqual([]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("file-owners", () => {
  test("names what belongs to somebody else, and lays it aside", async () => {
    expect(await home.examine(fileOwners)).toEqual([]);
    const folder = home.path("state", "vault");
    chownSync(home.accountFile(), 1234, 1234);
    for (const path of [folder, join(folder, `${ADDRESS}.age`)]) chownSync(path, 1234, 1234);
    const [finding, ...more] = await home.examine(fileOwners);
    expect(more).toEqual([]);
    expect(finding?.seen).toBe(`${home.accountFile()} belongs to another user (uid 1234), and 1 more`);
    await home.follow(finding);
    expect(await home.examine(fileOwners)).toEqual([]);
  });

  test("does not have somebody else's file trusted by the command that mends it", async () => {
    const planted = { ...ACCOUNT, client: { id: "mine", secret: { command: "touch ran" } } };
    saveAccount(home.paths, planted);
    chownSync(home.accountFile(), 1234, 1234);
    for (const finding of await home.examine(fileOwners)) await home.follow(finding);
    expect(readAccount(home.paths, ADDRESS)).toBeUndefined();
    expect(readFileSync(`${home.accountFile()}.old`, "utf8")).toContain("touch ran");
  });

  test("tells how the user's own come back, and takes nobody else's along", async () => {
    const folder = home.path("state", "vault");
    const [own, planted] = [join(folder, `${ADDRESS}.age`), join(folder, "planted")];
    writeFileSync(planted, "");
    for (const path of [folder, own]) chownSync(path, 1234, 1234);
    chownSync(planted, 4321, 4321);
    const [finding] = await home.examine(fileOwners);
    const command = /then: sudo (.*)\.$/.exec(finding?.advice ?? "")?.[1] ?? "false";
    await home.follow(finding === undefined ? undefined : { ...finding, remedy: [command] });
    expect([folder, own, planted].map((path) => statSync(path).uid)).toEqual([0, 0, 4321]);
  });

  test("leaves what lies outside of mailkey's folders where it is", async () => {
    const secret = join(home.folder, "secret");
    writeFileSync(secret, "x", { mode: 0o600 });
    saveAccount(home.paths, { ...ACCOUNT, client: { id: "mine", secret: { file: secret } } });
    chownSync(secret, 1234, 1234);
    const [finding] = await home.examine(fileOwners);
    expect(finding?.seen).toBe(`${secret} belongs to another user (uid 1234)`);
    expect(finding?.remedy).toEqual([`ls -ld ${secret}`]);
  });

  test("warns of sudo in somebody's home before it does harm", async () => {
    chownSync(home.folder, 1234, 1234);
    const [finding] = await home.examine(fileOwners, { env: { ...home.env, SUDO_USER: "me" } });
    expect(finding).toMatchObject({ severity: "warning", seen: expect.stringContaining("runs as root") });
    chownSync(home.folder, 0, 0);
    expect(await home.examine(fileOwners, { env: { ...home.env, SUDO_USER: "me" } })).toEqual([]);
  });
});

describe("links", () => {
  /** The accounts' folder, moved away and linked. */
  const moveAccountsTo = (folder: string) => {
    const accounts = dirname(home.accountFile());
    renameSync(accounts, join(folder, "accounts"));
    symlinkSync(join(folder, "accounts"), accounts);
  };

  test("allows links to the user's own folders", async () => {
    mkdirSync(join(home.folder, "dotfiles"));
    moveAccountsTo(join(home.folder, "dotfiles"));
    expect(await home.examine(links)).toEqual([]);
  });

  test("reports a folder that others can write above what a link leads to", async () => {
    const shared = join(home.folder, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    moveAccountsTo(shared);
    const [finding, ...more] = await home.examine(links);
    expect(more).toEqual([]);
    expect(finding?.seen).toStartWith(`${shared}, which some of mailkey's files are below`);
    await home.follow(finding);
    expect(await home.examine(links)).toEqual([]);
  });

  test("reports the home folder itself when others can write it, and not a sticky one", async () => {
    chmodSync(home.folder, 0o777);
    expect((await home.examine(links)).map(({ remedy }) => remedy)).toEqual([[`chmod go-w ${home.folder}`]]);
    chmodSync(home.folder, 0o1777);
    expect(await home.examine(links)).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)("reports a folder of somebody else's above, which no mode mends", async () => {
    const theirs = join(home.folder, "theirs");
    mkdirSync(theirs, { mode: 0o755 });
    moveAccountsTo(theirs);
    chownSync(theirs, 1234, 1234);
    const [finding, ...more] = await home.examine(links);
    expect(more).toEqual([]);
    expect(finding?.seen).toEndWith("are below, belongs to another user (uid 1234)");
    expect(finding?.remedy).toEqual([`ls -ld ${theirs}`]);
  });

  test("reports a link to nothing", async () => {
    const away = mkdtempSync("/tmp/mkd-away-");
    moveAccountsTo(away);
    rmSync(away, { recursive: true });
    const [finding] = await home.examine(links);
    expect(finding?.seen).toBe(`${dirname(home.accountFile())} is a link to something that is not there`);
    await home.follow(finding);
    expect(await home.examine(links)).toEqual([]);
  });
});
