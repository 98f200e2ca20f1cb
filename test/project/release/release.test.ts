/** `npm run release` for this machine's platform, made twice in two places, and what npm installs of it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import { run } from "../../../scripts/build/run.ts";
import { hostTarget, TARGETS } from "../../../scripts/build/targets.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { commandBlocks, INSTALL_PAGE } from "./install-page.ts";
import { copySource } from "./copy.ts";

const { version } = manifest;
const host = hostTarget();
/** Nobody would want to wait for it in a hook of the usual length. */
const BUILD_TIMEOUT_MS = 180_000;

withPrograms(["dpkg-deb"])("a release", () => {
  let base: string;
  let places: readonly [string, string];
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "mailkey-release-"));
    places = [join(base, "a"), join(base, "some", "where else")];
    await Promise.all([
      release(places[0], { umask: "022", TZ: "UTC", LC_ALL: "C" }),
      release(places[1], { umask: "077", TZ: "Asia/Tokyo", LC_ALL: "C.UTF-8" }),
    ]);
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  async function release(folder: string, { umask, ...env }: { umask: string } & Record<string, string>) {
    copySource(folder);
    const command = `umask ${umask}; exec "$0" scripts/release.ts --host --quick`;
    const build = { MAILKEY_COMMIT: "abc1234", SOURCE_DATE_EPOCH: "1700000000" };
    await run("/bin/sh", ["-c", command, process.execPath], { cwd: folder, env: { ...env, ...build } });
  }

  const sums = (place: string) => readFileSync(join(place, "dist/release/SHA256SUMS"), "utf8");

  test("has the same bytes wherever it is made", () => {
    expect(sums(places[1])).toBe(sums(places[0]));
  });

  test("is an archive, a package for Debian, two for npm, and a list of what it is made of", () => {
    const files = sums(places[0]).matchAll(/^[0-9a-f]{64} {2}(.*)$/gm);
    expect([...files].map(([, file]) => file)).toEqual([
      `mailkey-${version}-${host.name}.tar.gz`,
      `mailkey-${version}.cdx.json`,
      `mailkey-${version}.tgz`,
      `mailkey-${host.name}-${version}.tgz`,
      `mailkey_${version}-1_${host.debian}.deb`,
    ]);
  });

  test("has everywhere the pages that the program speaks of", async () => {
    const [place] = places;
    const named = await run("grep", ["-rhoE", "docs/[a-z0-9-]+\\.md", "src"], { cwd: place });
    const pages = [...new Set(named.trim().split("\n"))];
    expect(pages.length).toBeGreaterThan(5);
    const listings = {
      [`mailkey-${version}-${host.name}.tar.gz`]: ["tar", "-tf"],
      [`mailkey-${version}.tgz`]: ["tar", "-tf"],
      [`mailkey_${version}-1_${host.debian}.deb`]: ["dpkg-deb", "--contents"],
    };
    for (const [file, [program = "", option = ""]] of Object.entries(listings)) {
      const listing = await run(program, [option, join(place, "dist/release", file)]);
      expect([file, ...pages.filter((page) => !listing.includes(`/${page}\n`))]).toEqual([file]);
    }
  });

  test("has checksums that sha256sum finds right", async () => {
    await run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: join(places[0], "dist/release") });
  });

  test("becomes a mailkey that knows its build by the words of docs/install.md", async () => {
    const home = join(base, "home");
    mkdirSync(home);
    const commands = commandBlocks("The executable")[0] ?? "";
    const said = await run("/bin/sh", ["-e", "-c", commands.replaceAll("linux-x64", host.name)], {
      cwd: join(places[0], "dist/release"),
      env: { HOME: home, XDG_DATA_HOME: "", XDG_CONFIG_HOME: "", PATH: `${home}/.local/bin:${process.env["PATH"]}` },
    });
    expect(said).toContain(`mailkey ${version} (abc1234, bun ${process.versions["bun"]} executable, `);
    expect(existsSync(join(home, ".local/share/man/man1/mailkey.1"))).toBe(true);
  });

  test("of npm: installs from its files by the words of docs/install.md, without a registry", async () => {
    const commands = (commandBlocks("npm")[0] ?? "").replaceAll("linux-x64", host.name);
    const install = commands.split("\n").find((line) => line.startsWith("npm install"));
    const prefix = join(base, "from files");
    mkdirSync(prefix);
    await run("/bin/sh", ["-c", install ?? "false"], {
      cwd: join(places[0], "dist/release"),
      env: { npm_config_prefix: prefix, npm_config_cache: join(base, "no cache"), npm_config_offline: "true" },
    });
    expect(await run(join(prefix, "bin/mailkey"), ["--version"])).toContain("(abc1234, bun ");
  });
});

test("docs/install.md names the files of this version, and no others", () => {
  const named = [...INSTALL_PAGE.matchAll(/\bmailkey[-_][\w.-]+\.(?:tar\.gz|tgz|deb|cdx\.json)/g)].map(
    ([file]) => file,
  );
  const made = new Set([`mailkey-${version}.tgz`, `mailkey-${version}.cdx.json`]);
  for (const { name, debian } of TARGETS) {
    made.add(`mailkey-${version}-${name}.tar.gz`);
    made.add(`mailkey-${name}-${version}.tgz`);
    if (debian !== undefined) made.add(`mailkey_${version}-1_${debian}.deb`);
  }
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((file) => !made.has(file))).toEqual([]);
});
