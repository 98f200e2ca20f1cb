import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { accountFiles } from "../../../src/doctor/checks/account-files.ts";
import { accountsPresent } from "../../../src/doctor/checks/accounts.ts";
import { configFile } from "../../../src/doctor/checks/config-file.ts";
import { leftovers } from "../../../src/doctor/checks/leftovers.ts";
import { ADDRESS, DoctorHome } from "../home.ts";

let home: DoctorHome;
beforeEach(async () => {
  home = await DoctorHome.healthy();
});
afterEach(() => home.dispose());

/** An editor that does what the user would do. */
const editor = (script: string) => {
  const path = join(home.folder, "editor");
  writeFileSync(path, `#!/bin/sh\nshift $(($# - 1))\n${script}\n`, { mode: 0o755 });
  return { EDITOR: path };
};

describe("config-file", () => {
  const write = (text: string) => writeFileSync(home.path("config", "config.toml"), text, { mode: 0o600 });

  test("names the line that is not TOML, and opens the editor there", async () => {
    write("[token]\nmargin_seconds = \n");
    const [finding] = await home.examine(configFile);
    expect(finding?.seen).toMatch(/config\.toml is not valid TOML \(line 2, column [0-9]+\)/);
    expect(finding?.remedy).toEqual([`\${EDITOR:-nano} +2 ${home.path("config", "config.toml")}`]);
    await home.follow(finding, editor('sed -i "2s/= .*/= 300/" "$1"'));
    expect(await home.examine(configFile)).toEqual([]);
  });

  test("names a setting that does not exist", async () => {
    write("[network]\ntimeout = 3\n");
    expect((await home.examine(configFile))[0]?.seen).toContain("network.timeout");
  });

  test("has nothing to say of a good one", async () => {
    write("[token]\nmargin_seconds = 300\n");
    expect(await home.examine(configFile)).toEqual([]);
  });
});

describe("account-files", () => {
  test("reports syntax, an unknown provider and a wrong value, each with its file", async () => {
    const healthy = readFileSync(home.accountFile(), "utf8");
    for (const [broken, seen] of [
      [`${healthy}\nclient = {`, "is not valid TOML (line"],
      [healthy.replace("microsoft-personal", "nobody"), "nobody"],
      [healthy.replace("microsoft-personal", "icloud"), "password"],
      [`port = 993\n${healthy}`, "port"],
    ] as const) {
      writeFileSync(home.accountFile(), broken);
      const [finding, ...more] = await home.examine(accountFiles);
      expect(finding?.seen).toContain(seen);
      expect(finding?.remedy[0]).toContain(home.accountFile());
      expect(more).toEqual([]);
    }
    writeFileSync(home.accountFile(), healthy);
    expect(await home.examine(accountFiles)).toEqual([]);
  });

  test("gives a file that is misnamed its name", async () => {
    renameSync(home.accountFile(), join(dirname(home.accountFile()), "Me@Hotmail.com.toml"));
    const [finding] = await home.examine(accountFiles);
    expect(finding).toMatchObject({ severity: "warning" });
    await home.follow(finding);
    expect(existsSync(home.accountFile())).toBeTrue();
    expect(await home.examine(accountFiles)).toEqual([]);
  });

  test("puts a file aside whose name is no address, or another file's in capitals, and quotes what is in names", async () => {
    const folder = dirname(home.accountFile());
    for (const name of ["work $(touch pwned)'.toml", "ME@hotmail.com.toml"]) {
      writeFileSync(join(folder, name), "");
      const [finding] = await home.examine(accountFiles);
      await home.follow({ ...(finding ?? fail()), remedy: finding?.remedy.slice(-1) ?? [] });
      expect(existsSync(join(folder, `${name}.old`))).toBeTrue();
      expect(existsSync("pwned")).toBeFalse();
    }
    expect(await home.examine(accountFiles)).toEqual([]);
  });

  test("reports a file whose address is another one", async () => {
    renameSync(home.accountFile(), home.accountFile("you@hotmail.com"));
    const [finding] = await home.examine(accountFiles);
    expect(finding?.seen).toContain(`address: is ${ADDRESS}, which does not fit the file's name`);
  });

  test("reports a file in the folder's place, and lets backups alone", async () => {
    writeFileSync(`${home.accountFile()}~`, "not TOML");
    expect(await home.examine(accountFiles)).toEqual([]);
    rmSync(dirname(home.accountFile()), { recursive: true });
    writeFileSync(dirname(home.accountFile()), "");
    const [finding] = await home.examine(accountFiles);
    expect(finding?.seen).toContain("is not a folder");
    await home.follow(finding);
    expect(await home.examine(accountFiles)).toEqual([]);
  });
});

test("accounts: says what to do first where there is none", async () => {
  expect(await home.examine(accountsPresent)).toEqual([]);
  rmSync(home.accountFile());
  expect(await home.examine(accountsPresent)).toEqual([
    expect.objectContaining({ severity: "warning", remedy: ["mailkey add you@example.com"] }),
  ]);
});

describe("leftovers", () => {
  const abandon = (path: string) => {
    writeFileSync(path, "");
    const old = home.clock.wallMs / 1000 - 7200;
    utimesSync(path, old, old);
    return path;
  };

  test("removes what a killed writer left beside the configuration, and not what is being written", async () => {
    const path = abandon(join(dirname(home.accountFile()), `.${ADDRESS}.toml.99.abc.tmp`));
    const [finding, ...more] = await home.examine(leftovers);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "warning", remedy: [`rm ${path}`] });
    await finding?.fix?.run();
    expect(await home.examine(leftovers)).toEqual([]);
    writeFileSync(path, "");
    utimesSync(path, home.clock.wallMs / 1000 - 60, home.clock.wallMs / 1000 - 60);
    expect(await home.examine(leftovers)).toEqual([]);
  });

  test("leaves a credential that was being written to the user: it may be the only one", async () => {
    const path = abandon(home.path("state", "vault", `.${ADDRESS}.age.99.abc.tmp`));
    const [finding] = await home.examine(leftovers);
    expect(finding?.fix).toBeUndefined();
    expect(finding?.remedy).toEqual(["mailkey status", `rm ${path}`]);
  });

  test("reports a move that was interrupted, and one that cannot be understood", async () => {
    const marker = home.path("state", "vault-move.json");
    const settings = { active: "age", folder: "vault", age: { identity: "x" } };
    writeFileSync(marker, JSON.stringify({ from: settings, to: { ...settings, folder: "vault-2" } }), { mode: 0o600 });
    expect((await home.examine(leftovers))[0]).toMatchObject({ remedy: ["mailkey vault"] });
    appendFileSync(marker, "?");
    const [finding] = await home.examine(leftovers);
    expect(finding?.seen).toContain("is not valid JSON");
    await home.follow(finding);
    expect(await home.examine(leftovers)).toEqual([]);
  });

  test("has nothing to say of a vault that never moved", async () => {
    mkdirSync(home.path("state", "status"), { recursive: true });
    expect(await home.examine(leftovers)).toEqual([]);
  });
});

function fail(): never {
  throw new Error("there is no finding");
}
