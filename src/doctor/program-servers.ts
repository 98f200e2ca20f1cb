/** Host and user in a mail program's file against what mailkey knows of the account. */
import type { Protocol } from "../providers/provider.ts";
import { loadAllProviders } from "../providers/registry.ts";
import { peerText } from "../platform/text.ts";
import type { AccountSubject, Finding } from "./check.ts";
import { whereIs } from "./configs/setting.ts";
import { addLine, mendLine, type OwnedAccount } from "./programs.ts";
import { helperOf } from "./helpers.ts";
import { wrongHost } from "./servers.ts";

export interface ServerQuestion {
  readonly program: string;
  readonly protocol: Protocol;
  /** The setting with the command for the token. */
  readonly command: string;
  /** The whole line that sets a host, or a user. */
  host(host: string): string;
  user(user: string): string;
}

export async function serverFindings({ account, subject }: OwnedAccount, question: ServerQuestion): Promise<Finding[]> {
  return [...(await hostFindings({ account, subject }, question)), ...userFindings({ account, subject }, question)];
}

async function hostFindings({ account, subject }: OwnedAccount, question: ServerQuestion): Promise<Finding[]> {
  const setting = account.settings.get("host");
  const server = subject.account.provider.servers[question.protocol];
  if (setting === undefined || server === undefined) return [];
  const known = await knownAs(setting.value, subject, question.protocol);
  if (known === undefined) return [];
  return [
    {
      severity: known.severity,
      seen: `${whereIs(setting)}: host ${peerText(setting.value, 100)}, which is ${known.what}`,
      means: `The server of ${subject.account.address} is ${server.host}. ${known.means}`,
      ...mendLine(question.program, setting, question.host(server.host)),
    },
  ];
}

interface KnownHost extends Pick<Finding, "severity" | "means"> {
  readonly what: string;
}

/** What is known to be wrong with a host; unknown ones may be names of the same server, tunnels or proxies. */
async function knownAs(host: string, { account }: AccountSubject, protocol: Protocol): Promise<KnownHost | undefined> {
  const name = host.toLowerCase();
  const { provider } = account;
  if (provider.servers[protocol]?.host.toLowerCase() === name) return undefined;
  const wrong = wrongHost(provider.id, name);
  if (wrong !== undefined)
    return {
      severity: "warning",
      what: "for another kind of account",
      means: "Logins are refused there for some mailboxes, although the token is good (535 5.7.3).",
    };
  const own = Object.entries(provider.servers).find(([, server]) => server?.host.toLowerCase() === name);
  if (own !== undefined)
    return {
      severity: "error",
      what: `the ${own[0].toUpperCase()} server`,
      means: "That one does not speak what is wanted here.",
    };
  const others = (await loadAllProviders()).filter(({ id }) => id !== provider.id);
  const owner = others.find(({ servers }) =>
    Object.values(servers).some((server) => server?.host.toLowerCase() === name),
  );
  if (owner === undefined) return undefined;
  return {
    severity: "error",
    what: `a server of ${owner.name}`,
    means: "Tokens are good at their own provider's servers only.",
  };
}

function userFindings({ account, subject }: OwnedAccount, question: ServerQuestion): Finding[] {
  const setting = account.settings.get("user");
  const command = account.settings.get(question.command);
  const { user, address } = subject.account;
  if (setting === undefined) {
    if (account.settings.has("usercmd") || command === undefined) return [];
    return [
      {
        severity: "error",
        seen: `${whereIs(account)}: no user is set`,
        means: `${question.program} does not log in without: a token is no use without the name it belongs to.`,
        ...addLine(question.program, account, question.user(user)),
      },
    ];
  }
  const helper = command === undefined ? undefined : helperOf(command.value, subject.machine);
  const isToken = helper?.address?.toLowerCase() === address.toLowerCase();
  if (!isToken || setting.value.toLowerCase() === user.toLowerCase()) return [];
  return [
    {
      severity: "error",
      seen: `${whereIs(setting)}: user ${peerText(setting.value, 100)}, with the token of ${address}`,
      means: `The server refuses a token that is not the user's. For ${address} the user is ${user}.`,
      ...mendLine(question.program, setting, question.user(user)),
    },
  ];
}
