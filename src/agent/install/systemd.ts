/**
 * The agent as units of a user's systemd: a socket that is there from login on, and a service that answers on it and renews ahead.
 *
 * The sandbox takes away what neither the agent nor the programs that it starts (gpg, a pinentry, notify-send, hooks) need. A user's
 * systemd can use the kernel's filters of system calls everywhere; what needs a mount namespace (`ProtectSystem` and its kin) it applies
 * from version 254 on, and passes over before that or where the kernel lets nobody make one. Settings that drop capabilities
 * (`PrivateDevices`, `ProtectClock`, `ProtectKernelModules`, …) are left out: a user's systemd has none to drop, and the service would
 * not start (218/CAPABILITIES).
 *
 * @see systemd.exec(5), systemd.socket(5), systemd.syntax(7)
 */
import { MailkeyError } from "../../errors.ts";
import { IDLE_ENVIRONMENT } from "../../platform/runtime.ts";

export interface Unit {
  /** As `systemctl` knows it. */
  readonly name: string;
  readonly text: string;
}

export interface UnitOptions {
  /** Where the agent listens, when it is not the runtime folder's usual place. Absolute. */
  readonly socket?: string;
  /** What the agent needs to know of the environment of whoever installs it. Nothing secret: units can be read by everybody. */
  readonly environment?: Readonly<Record<string, string>>;
}

export const SOCKET_UNIT = "mailkey-agent.socket";
export const SERVICE_UNIT = "mailkey-agent.service";

const CONTROL = /[\u0000-\u001f\u007f]/;

/** @param executable this program's absolute path @throws ERR_CONFIG */
export function systemdUnits(executable: string, options: UnitOptions = {}): readonly Unit[] {
  return [
    { name: SOCKET_UNIT, text: socketUnit(options) },
    { name: SERVICE_UNIT, text: serviceUnit(executable, options) },
  ];
}

/** The service unit's line that names the program. */
export function startLine(executable: string): string {
  return `ExecStart=${commandLine([executable, "agent", "run"])}`;
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

/** Where it listens is read as it stands, to the end of the line: nothing can be quoted there. */
function socketUnit({ socket }: UnitOptions): string {
  if (socket !== undefined && CONTROL.test(socket))
    throw new MailkeyError(
      "ERR_CONFIG",
      "the path of the agent's socket has a line break or another control character",
      {
        hint: "set MAILKEY_HOME to a path without",
      },
    );
  return `[Unit]
Description=Socket of mailkey's agent
Documentation=man:mailkey(1)

[Socket]
ListenStream=${socket === undefined ? "%t/mailkey/agent.sock" : escapeSpecifiers(socket)}
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

function serviceUnit(executable: string, { environment = {} }: UnitOptions): string {
  const variables = Object.entries({ ...IDLE_ENVIRONMENT, ...environment }).map(
    ([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`,
  );
  return `[Unit]
Description=mailkey's agent: renews access tokens of mailboxes ahead of their end
Documentation=man:mailkey(1)
Requires=${SOCKET_UNIT}
After=${SOCKET_UNIT}
# Whoever connects while it is down waits: it is started again however often.
StartLimitIntervalSec=0

[Service]
# The socket is there before the agent is: whoever connects early waits.
Type=exec
${startLine(executable)}
ExecReload=${commandLine([executable, "agent", "reload"])}
${variables.join("")}Restart=on-failure
RestartSec=2
# 78: a file of the configuration is wrong. Starting again does not mend it.
RestartPreventExitStatus=78

# What the agent remembers is nothing for a disk.
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
# Not MemoryDenyWriteExecute=yes: it would take the compiler of JavaScript away, and with it the agent's way to the calls that keep its
# memory out of swap and core dumps. The agent asks the kernel for the same (PR_SET_MDWE) once it has started.

[Install]
WantedBy=default.target
Also=${SOCKET_UNIT}
`;
}

/**
 * A line for `ExecStart=`. The first word may hold no quote, backslash or control character in whatever form, and no variable is looked
 * for in it; a shell runs what cannot be named so.
 */
function commandLine([program, ...rest]: readonly [string, ...string[]]): string {
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

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function unquoted(text: string): string {
  return text
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, code: string | undefined, sign = "") =>
      code === undefined ? (sign as string) : String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replaceAll("%%", "%");
}
