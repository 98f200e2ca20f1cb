/**
 * The package for Debian and its kin: what the program needs, in the places where man, shells and systemd look for it.
 * No maintainer scripts: nothing has to be done at installing but to unpack. The units are there for `mailkey agent
 * install`, switched on by nobody.
 *
 * The executable is root's, and nobody else may read it. Of such a program the kernel lets nobody read the memory, from its first
 * moment on: the agent sees to that itself, but only once it runs. It works because the executable does not read itself.
 *
 * @see https://www.debian.org/doc/debian-policy/
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemdUnits as agentUnits } from "../../src/agent/install/systemd.ts";
import { systemdUnits as proxyUnits, USUAL_PLACES } from "../../src/proxy/install/systemd.ts";
import { VERSION } from "../../src/version.ts";
import type { Source } from "../build/compile.ts";
import { pages } from "../build/pages.ts";
import { run } from "../build/run.ts";
import type { Target } from "../build/targets.ts";
import type { ArchiveOptions } from "./archive.ts";
import { checkHeader, type Header } from "./header.ts";
import { handbook } from "./handbook.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Entries, type Entry, gzipped, stage } from "./staging.ts";

/** Upstream's version, and the first package of it. */
const DEBIAN_VERSION = `${VERSION}-1`;

/** There is no address to write to; .invalid is reserved for just that. */
const MAINTAINER = "the mailkey developers <mailkey@mailkey.invalid>";

/** All that libc6 brings: with these the executable needs no other package. */
const LIBC_LIBRARIES = /^(libc|libm|libdl|libpthread|ld-linux-[a-z0-9-]+)\.so\.\d+$/;

/** @returns the package's path. @throws Error when the executable is not for Debian, or dpkg-deb fails */
export async function debianPackage({ source, target, executable, into, quick }: ArchiveOptions): Promise<string> {
  const bytes = readFileSync(executable);
  const program = { content: bytes, executable: true, unreadable: true };
  const entries = { ...(await documents(source)), "usr/bin/mailkey": program };
  const folder = mkdtempSync(join(tmpdir(), "mailkey-deb-"));
  try {
    const control = controlFile(target, checkHeader(bytes, target), entries);
    stage(folder, { ...entries, "DEBIAN/control": control, "DEBIAN/md5sums": checksums(entries) }, source.stamp);
    mkdirSync(into, { recursive: true });
    const deb = join(into, `mailkey_${DEBIAN_VERSION}_${target.debian}.deb`);
    // One thread: what more of them write depends on how many there are.
    const options = [...(quick ? ["-Zgzip", "-z1"] : ["-Zxz", "-z6"]), "--threads-max=1", "--root-owner-group"];
    await run("dpkg-deb", [...options, "--build", folder, deb], {
      env: { SOURCE_DATE_EPOCH: String(source.stamp.epochSeconds) },
    });
    return deb;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function documents({ root, stamp }: Source): Promise<Record<string, Entry>> {
  const page = await pages();
  const ours = (path: string) => readFileSync(join(root, path), "utf8");
  const texts: Record<string, string | Uint8Array> = {
    "usr/share/man/man1/mailkey.1.gz": gzipped(page["mailkey.1"]),
    "usr/share/bash-completion/completions/mailkey": page["completions/mailkey.bash"],
    "usr/share/zsh/vendor-completions/_mailkey": page["completions/_mailkey"],
    "usr/share/fish/vendor_completions.d/mailkey.fish": page["completions/mailkey.fish"],
    "usr/share/doc/mailkey/copyright": ours("packaging/debian/copyright"),
    "usr/share/doc/mailkey/THIRD-PARTY-LICENSES.gz": gzipped(thirdPartyLicences(root)),
    "usr/share/doc/mailkey/changelog.gz": gzipped(ours("CHANGELOG.md")),
    "usr/share/doc/mailkey/changelog.Debian.gz": gzipped(debianChangelog(stamp.epochSeconds)),
    "usr/share/lintian/overrides/mailkey": ours("packaging/debian/lintian-overrides"),
  };
  const program = "/usr/bin/mailkey";
  for (const { name, text } of [...agentUnits(program), ...proxyUnits(program, USUAL_PLACES)])
    texts[`usr/lib/systemd/user/${name}`] = text;
  const { "CHANGELOG.md": _compressedAbove, ...handbookPages } = handbook(root);
  return Object.fromEntries([
    ...Object.entries(texts).map(([path, content]) => [path, { content }]),
    ...Object.entries(handbookPages).map(([path, entry]) => [`usr/share/doc/mailkey/${path}`, entry]),
  ]) as Record<string, Entry>;
}

function controlFile({ name, debian }: Target, { libraries, symbolVersions }: Header, entries: Entries): Entry {
  if (debian === undefined) throw new Error(`there is no Debian for ${name}`);
  const foreign = libraries?.filter((library) => !LIBC_LIBRARIES.test(library)) ?? [];
  if (foreign.length > 0) throw new Error(`the executable needs more than libc6: ${foreign.join(", ")}`);
  const fields = {
    Package: "mailkey",
    Version: DEBIAN_VERSION,
    Architecture: debian,
    Maintainer: MAINTAINER,
    "Installed-Size": installedKib(entries),
    Depends: `libc6 (>= ${newestGlibc(symbolVersions)})`,
    Recommends: "age, ca-certificates, gnupg, libsecret-tools, pinentry-curses | pinentry",
    Suggests: "isync, libnotify-bin, libsasl2-modules-kdexoauth2, msmtp, neomutt",
    Section: "mail",
    Priority: "optional",
    Description: `OAuth2 sign-in and access tokens for mail programs
 Hotmail, Outlook, Microsoft 365, Gmail, Yahoo and others take no passwords
 from mail programs any more. mailkey signs a mailbox in once, keeps the
 credential encrypted, and gives every mail program of the machine a valid
 access token, unattended: mbsync, msmtp, mutt, mu4e and dozens more. It also
 writes their configuration, and explains what is wrong when something is.`,
  };
  return {
    content: Object.entries(fields)
      .map(([field, value]) => `${field}: ${value}\n`)
      .join(""),
  };
}

/** The C library has every symbol of its older versions. */
function newestGlibc(versions: readonly string[] = []): string {
  const numbers = versions.flatMap((version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? []);
  const newest = numbers.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (newest === undefined) throw new Error("the executable names no version of the C library");
  return newest;
}

function debianChangelog(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000).toUTCString().replace("GMT", "+0000");
  return `mailkey (${DEBIAN_VERSION}) unstable; urgency=medium

  * mailkey ${VERSION}: what is new is in changelog.gz.

 -- ${MAINTAINER}  ${date}
`;
}

/** As dpkg counts: each file in whole KiB, and one for each folder. */
function installedKib(entries: Entries): number {
  const folders = new Set(Object.keys(entries).flatMap(ancestors));
  return Object.values(entries).reduce((sum, entry) => sum + Math.ceil(bytesOf(entry).length / 1024), folders.size);
}

function ancestors(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function checksums(entries: Entries): Entry {
  const lines = Object.entries(entries).map(
    ([path, entry]) => `${createHash("md5").update(bytesOf(entry)).digest("hex")}  ${path}\n`,
  );
  return { content: lines.toSorted((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1)).join("") };
}

function bytesOf({ content }: Entry): Uint8Array {
  if (typeof content === "string") return Buffer.from(content);
  return "copyOf" in content ? readFileSync(content.copyOf) : content;
}
