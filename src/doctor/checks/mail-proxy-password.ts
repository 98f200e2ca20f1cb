/** The passwords of mailkey's mail proxy: one for each account with which a mail program logs in there, in a file that can be read. */
import { normaliseAddress } from "../../accounts/address.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import { shellLine } from "../../platform/shell.ts";
import { listPasswords, passwordsPath } from "../../proxy/passwords/store.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { proxyClients, type ProxyClient } from "../mail-proxy.ts";

export const mailProxyPassword: MachineCheck = {
  id: "mail-proxy-password",
  title: "passwords of the mail proxy",
  worst: "error",
  of: "machine",
  examine(machine) {
    const owners = ownersOf(machine);
    if (isMailkeyError(owners)) return [damaged(machine, owners)];
    const clients = proxyClients(machine).filter(({ address }) => !owners.has(normaliseAddress(address)));
    const addresses = [...new Set(clients.map(({ address }) => address))];
    return addresses.map((address) => missing(clients.filter((client) => client.address === address)));
  },
};

function ownersOf({ paths }: Machine): ReadonlySet<string> | MailkeyError {
  try {
    return new Set(listPasswords(paths).map((each) => each.for));
  } catch (error) {
    if (isMailkeyError(error)) return error;
    throw error;
  }
}

function missing(clients: readonly ProxyClient[]): Finding {
  const [first] = clients;
  const address = first?.address ?? "";
  const programs = [...new Set(clients.map(({ program }) => program))];
  return {
    severity: "error",
    seen: `${address} has no password at mailkey's proxy, and ${programs.join(" and ")} would log in there (${clients.map(({ place }) => whereIs(place)).join(", ")})`,
    means: "The proxy takes passwords of its own only, never the mailbox's: it says “wrong user name or password”.",
    remedy: programs.map((program) => shellLine(["mailkey", "proxy", "password", "add", address, "--device", program])),
    advice: "Enter what the command shows where the program keeps its password.",
  };
}

function damaged({ paths }: Machine, { message }: MailkeyError): Finding {
  const path = passwordsPath(paths);
  return {
    severity: "error",
    seen: message,
    means: "The proxy lets nobody in.",
    remedy: [shellLine(["mv", path, `${path}.old`]), "mailkey proxy password add"],
    advice: "A copy from a backup does as well. Without one, every program needs a new password.",
  };
}
