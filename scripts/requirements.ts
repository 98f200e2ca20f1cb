/**
 * The programs that the demo and the end-to-end tests drive: which are missing, and getting them through apt.
 *
 *   bun scripts/requirements.ts [demo]
 *
 * Installs what is missing where it may (root, or sudo that asks no password); otherwise prints the one command that would.
 * What is missing is no failure, because the demo and the tests run without it and say what they left out, unless CI=true.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Requirement {
  /** The program as people call it. */
  readonly program: string;
  /** Debian's name of the package; Ubuntu's is the same. */
  readonly package: string;
  /** The demo shows it; the tests want all of them. */
  readonly demo: boolean;
  isThere(): boolean;
}

export interface Outcome {
  /** What is still missing. */
  readonly missing: readonly Requirement[];
  /** What a person has to type to get it, where there is apt. */
  readonly command: string | undefined;
}

/** Where Debian keeps programs that are not for every user's PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/sbin"];
/** Exists where systemd runs the machine. */
const SYSTEMD = "/run/systemd/system";

/** What Debian would start at once. */
const SERVICES: readonly { readonly program: string; readonly units: readonly string[] }[] = [
  { program: "dovecot", units: ["dovecot.service", "dovecot.socket"] },
  { program: "postfix", units: ["postfix.service"] },
  { program: "fetchmail", units: ["fetchmail.service"] },
];

const REQUIREMENTS: readonly Requirement[] = [
  needs("mbsync", "isync", true),
  { program: "XOAUTH2 for mbsync", package: "libsasl2-modules-kdexoauth2", demo: true, isThere: hasSaslPlugin },
  needs("msmtp", "msmtp", true),
  dovecotPart("imap", "dovecot-imapd"),
  dovecotPart("pop3", "dovecot-pop3d"),
  dovecotPart("submission", "dovecot-submissiond"),
  dovecotPart("lmtp", "dovecot-lmtpd"),
  needs("gpg", "gnupg", true),
  needs("emacs", "emacs-nox", true),
  needs("mu", "maildir-utils", true),
  { program: "mu4e", package: "mu4e", demo: true, isThere: () => hasEmacsPackage("mu4e") },
  needs("curl", "curl", false),
  needs("age", "age", false),
  needs("neomutt", "neomutt", false),
  needs("mutt", "mutt", false),
  needs("aerc", "aerc", false),
  needs("alpine", "alpine", false),
  needs("fdm", "fdm", false),
  needs("fetchmail", "fetchmail", false),
  needs("getmail", "getmail6", false),
  {
    program: "git send-email",
    package: "git-email",
    demo: false,
    isThere: () => existsSync("/usr/lib/git-core/git-send-email"),
  },
  {
    // git send-email cannot start without, though its package only recommends it.
    program: "git send-email (Mail::Address)",
    package: "libmailtools-perl",
    demo: false,
    isThere: () => existsSync("/usr/share/perl5/Mail/Address.pm"),
  },
  needs("imapfilter", "imapfilter", false),
  needs("mpop", "mpop", false),
  needs("notmuch", "notmuch", false),
  { program: "notmuch for Emacs", package: "elpa-notmuch", demo: false, isThere: () => hasEmacsPackage("notmuch") },
  needs("offlineimap", "offlineimap3", false),
  needs("postfix", "postfix", false),
  needs("swaks", "swaks", false),
  needs("vdirsyncer", "vdirsyncer", false),
  // Not to confine anything, but to read profiles as the kernel's loader would.
  needs("apparmor_parser", "apparmor", false),
  // Not to run anything, but to read the agent's units as systemd does.
  needs("systemd-analyze", "systemd", false),
  needs("zsh", "zsh", false),
  needs("fish", "fish", false),
  {
    program: "bash-completion",
    package: "bash-completion",
    demo: false,
    isThere: () => existsSync("/usr/share/bash-completion/bash_completion"),
  },
  needs("man", "man-db", false),
  needs("mandoc", "mandoc", false),
  // Debian's own, which its mutt_oauth2.py is for; another Python on PATH is no substitute.
  { program: "python3", package: "python3", demo: false, isThere: () => existsSync("/usr/bin/python3") },
  needs("tmux", "tmux", false),
  needs("dpkg-deb", "dpkg", false),
  needs("mmdebstrap", "mmdebstrap", false),
  needs("secret-tool", "libsecret-tools", false),
  needs("gnome-keyring-daemon", "gnome-keyring", false),
  needs("dbus-daemon", "dbus-daemon", false),
  needs("gdbus", "libglib2.0-bin", false),
  needs("notify-send", "libnotify-bin", false),
  {
    // For a notification service of the tests' own.
    program: "python3 (GDBus)",
    package: "python3-gi",
    demo: false,
    isThere: () => existsSync("/usr/lib/python3/dist-packages/gi"),
  },
];

/** @param scope `demo` leaves out what only tests need */
export function missingPackages(scope: "demo" | "all" = "all"): Requirement[] {
  return REQUIREMENTS.filter((requirement) => (scope === "all" || requirement.demo) && !requirement.isThere());
}

/**
 * Installs what is missing when `install` says so and this user may.
 *
 * @param options.report receives one line for people per step
 */
export function ensurePackages(options: {
  readonly install: boolean;
  readonly scope?: "demo" | "all";
  readonly report?: (line: string) => void;
}): Outcome {
  const { install, scope = "all", report = () => undefined } = options;
  const missing = missingPackages(scope);
  if (missing.length === 0 || !findProgram("apt-get")) return { missing, command: undefined };
  const asRoot = install ? rootPrefix() : undefined;
  if (asRoot !== undefined) {
    report(`installing ${names(missing)}`);
    installThroughApt(asRoot, missing, report);
  }
  const left = missingPackages(scope);
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  const command = `${sudo}apt-get install --no-install-recommends ${names(left)}`;
  return { missing: left, command: left.length === 0 ? undefined : command };
}

function installThroughApt(asRoot: readonly string[], missing: readonly Requirement[], report: (line: string) => void) {
  const hasSystemd = existsSync(SYSTEMD);
  const newServices = SERVICES.filter(({ program }) => !findProgram(program));
  const units = newServices.flatMap((service) => service.units);
  // Debian starts a service when its package is installed. The lab brings its own up; the system's is not wanted.
  if (units.length > 0 && hasSystemd) quietly(asRoot, ["systemctl", "mask", "--runtime", ...units]);
  try {
    if (!aptInstall(asRoot, missing)) {
      report("reading the package lists");
      aptGet(asRoot, ["update"]);
      const available = missing.filter((requirement) => isAvailable(requirement.package));
      if (!aptInstall(asRoot, available)) report("apt-get failed; its messages are above");
    }
  } finally {
    if (units.length > 0 && hasSystemd) quietly(asRoot, ["systemctl", "unmask", "--runtime", ...units]);
    for (const { program } of newServices.filter((service) => findProgram(service.program))) {
      quietly(asRoot, ["service", program, "stop"]);
      quietly(asRoot, ["update-rc.d", program, "disable"]);
    }
  }
}

function aptInstall(asRoot: readonly string[], requirements: readonly Requirement[]): boolean {
  const packages = [...new Set(requirements.map((requirement) => requirement.package))];
  // Unknown names are seen at once; then the lists are read and what this release does not have is left out.
  if (!packages.every(isAvailable)) return false;
  return packages.length === 0 || aptGet(asRoot, ["install", "--yes", "--no-install-recommends", ...packages]);
}

function aptGet(asRoot: readonly string[], args: readonly string[]): boolean {
  const [program = "", ...rest] = [
    ...asRoot,
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "NEEDRESTART_SUSPEND=1", // Ubuntu's needrestart would ask questions, or restart services that are not ours
    "apt-get",
    "--quiet=2",
    "--option=DPkg::Lock::Timeout=300",
    "--option=Dpkg::Use-Pty=0",
    ...args,
  ];
  return spawnSync(program, rest, { stdio: ["ignore", 2, 2] }).status === 0;
}

function isAvailable(name: string): boolean {
  const { status, stdout } = spawnSync("apt-cache", ["policy", name], { encoding: "utf8" });
  return status === 0 && /^ {2}Candidate: (?!\(none\))/m.test(stdout);
}

/** What to put before a command to run it as root, or undefined when that would need a password. */
function rootPrefix(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? ["sudo", "-n"] : undefined;
}

function quietly(asRoot: readonly string[], command: readonly string[]): void {
  const [program = "", ...rest] = [...asRoot, ...command];
  spawnSync(program, rest, { stdio: "ignore" });
}

function needs(name: string, debian: string, demo: boolean): Requirement {
  return { program: name, package: debian, demo, isThere: () => findProgram(name) };
}

function dovecotPart(part: string, debian: string): Requirement {
  return {
    program: `dovecot (${part})`,
    package: debian,
    demo: part !== "pop3",
    isThere: () => ["/usr/lib/dovecot", "/usr/libexec/dovecot"].some((folder) => existsSync(join(folder, part))),
  };
}

function findProgram(name: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => folder !== "" && isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The plugin is no program: libsasl2 finds it in a folder whose name depends on the machine's architecture. */
function hasSaslPlugin(): boolean {
  const folders = ["/usr/lib", ...entries("/usr/lib").map((name) => join("/usr/lib", name)), "/usr/lib64"];
  return folders.some((folder) => entries(join(folder, "sasl2")).some((name) => /xoauth2\.so/.test(name)));
}

function hasEmacsPackage(name: string): boolean {
  const roots = ["/usr/share/emacs/site-lisp", "/usr/share/emacs/site-lisp/elpa", "/usr/local/share/emacs/site-lisp"];
  return roots.some((root) => entries(root).some((entry) => entry.startsWith(name)));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function names(requirements: readonly Requirement[]): string {
  return [...new Set(requirements.map((requirement) => requirement.package))].join(" ");
}

function say(line: string): void {
  process.stderr.write(`set-up: ${line}\n`);
}

if (import.meta.main) {
  const scope = process.argv.includes("demo") ? "demo" : "all";
  const { missing, command } = ensurePackages({ install: true, scope, report: say });
  if (missing.length > 0) {
    say(`not installed: ${missing.map((requirement) => requirement.program).join(", ")}`);
    if (command !== undefined) say(`to get them: ${command}`);
    process.exitCode = process.env["CI"] === "true" ? 1 : 0;
  }
}
