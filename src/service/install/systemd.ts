/**
 * Units of a user's systemd: how their lines are written, and what the services of ours have in common.
 *
 * The sandbox takes away what neither they nor the programs that they start (gpg, a pinentry, notify-send, hooks) need. A user's
 * systemd can use the kernel's filters of system calls everywhere; what needs a mount namespace (`ProtectSystem` and its kin) it applies
 * from version 254 on, and passes over before that or where the kernel lets nobody make one. Settings that drop capabilities
 * (`PrivateDevices`, `ProtectClock`, `ProtectKernelModules`, …) are left out: a user's systemd has none to drop, and the service would
 * not start (218/CAPABILITIES).
 *
 * @see systemd.exec(5), systemd.syntax(7)
 */
import { IDLE_ENVIRONMENT } from "../../platform/runtime.ts";

export interface Unit {
  /** As `systemctl` knows it. */
  readonly name: string;
  readonly text: string;
}

export interface ServiceOptions {
  /** For people. */
  readonly description: string;
  /** `agent`, `proxy`: what mailkey is told to run. */
  readonly name: string;
  /** This program's absolute path. */
  readonly executable: string;
  /** Of this service; they are there before it is. */
  readonly sockets: readonly string[];
  /** Units that it works better with. */
  readonly wants?: readonly string[];
  /** What it needs to know of the environment of whoever installs it. Nothing secret: units can be read by everybody. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Lines for its section `[Service]`. */
  readonly more?: string;
  /** What of its memory is not for a disk. */
  readonly memory: string;
}

/** The service unit's line that names the program. */
export function startLine(executable: string, name: string): string {
  return `ExecStart=${commandLine([executable, name, "run"])}`;
}

export function serviceText(options: ServiceOptions): string {
  const { description, name, executable, sockets, wants = [], environment = {}, more = "", memory } = options;
  const variables = Object.entries({ ...IDLE_ENVIRONMENT, ...environment }).map(
    ([key, value]) => `Environment=${quoted(`${key}=${value}`)}\n`,
  );
  const all = sockets.join(" ");
  return `[Unit]
Description=${description}
Documentation=man:mailkey(1)
${sockets.length === 0 ? "" : `Requires=${all}\nAfter=${all}\n`}${wants.length === 0 ? "" : `Wants=${wants.join(" ")}\n`}# Whoever connects while it is down waits: it is started again however often.
StartLimitIntervalSec=0

[Service]
# The socket is there before the ${name} is: whoever connects early waits.
Type=exec
${startLine(executable, name)}
ExecReload=${commandLine([executable, name, "reload"])}
${variables.join("")}${more}Restart=on-failure
RestartSec=2
# 78: a file of the configuration is wrong. Starting again does not mend it.
RestartPreventExitStatus=78

# ${memory}
LimitCORE=0
MemorySwapMax=0
UMask=0077

NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
ProtectSystem=full
ProtectKernelTunables=yes
ProtectControlGroups=yes
# Not MemoryDenyWriteExecute=yes: it would take the compiler of JavaScript away, and with it the ${name}'s way to the calls that keep its
# memory out of swap and core dumps. The ${name} asks the kernel for the same (PR_SET_MDWE) once it has started.

[Install]
WantedBy=default.target
${sockets.map((socket) => `Also=${socket}\n`).join("")}`;
}

/** The program that a service unit starts; undefined where it says so in other words than `startLine`'s. */
export function startedBy(unit: string): string | undefined {
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
  const words = [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, inQuotes, plain = ""]) =>
    unquoted(inQuotes ?? plain),
  );
  const [first, , , shellsArgument] = words;
  const program = first === "/bin/sh" ? shellsArgument?.replaceAll("$$", "$") : first;
  return program?.startsWith("/") === true ? program : undefined;
}

/**
 * A line for `ExecStart=`. The first word may hold no quote, backslash or control character in whatever form, and no variable is looked
 * for in it; a shell runs what cannot be named so.
 */
export function commandLine([program, ...rest]: readonly [string, ...string[]]): string {
  if (/["'\\\u0000-\u001f\u007f]/.test(program))
    return ["/bin/sh", "-c", 'exec "$0" "$@"', program, ...rest].map(argument).join(" ");
  return [quoted(program), ...rest.map(argument)].join(" ");
}

function argument(text: string): string {
  return quoted(text.replaceAll("$", "$$$$"));
}

/** One word, in quotes where it has to be. */
function quoted(text: string): string {
  const plain = escapeSpecifiers(text);
  if (/^[A-Za-z0-9@%+=:,./_-]+$/.test(plain)) return plain;
  return `"${plain.replace(/["\\]/g, String.raw`\$&`).replace(/[\u0000-\u001f\u007f]/g, escapeControl)}"`;
}

function escapeControl(sign: string): string {
  return `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

export function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function unquoted(text: string): string {
  return text
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, code: string | undefined, sign = "") =>
      code === undefined ? (sign as string) : String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replaceAll("%%", "%");
}
