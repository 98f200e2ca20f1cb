/**
 * The agent as units of a user's systemd: a socket that is there from login on, and a service that answers on it and renews ahead.
 *
 * @see systemd.socket(5)
 */
import { MailkeyError } from "../../errors.ts";
import { escapeSpecifiers, serviceText, type Unit } from "../../service/install/systemd.ts";

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
  const service = serviceText({
    description: "mailkey's agent: renews access tokens of mailboxes ahead of their end",
    name: "agent",
    executable,
    sockets: [SOCKET_UNIT],
    environment: options.environment,
    memory: "What the agent remembers is nothing for a disk.",
  });
  return [
    { name: SOCKET_UNIT, text: socketUnit(options) },
    { name: SERVICE_UNIT, text: service },
  ];
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
