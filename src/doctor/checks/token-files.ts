/** Token files that accounts ask for: somebody keeps them, in memory. */
import { tokenFilePath } from "../../accounts/token-file.ts";
import { isInMemory } from "../../platform/memory-folder.ts";
import { peerText } from "../../platform/text.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { mailkeyLine } from "../remedies.ts";

export const tokenFiles: MachineCheck = {
  id: "token-files",
  title: "token files: kept by the agent, in memory",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const addresses = machine.accounts.flatMap(({ account }) =>
      account.account.token_file === true ? [account.address] : [],
    );
    if (addresses.length === 0) return [];
    if (!isInMemory(machine.paths.runtime)) return [onDisk(addresses, machine)];
    const look = await machine.agent();
    if (look.kind === "none" || look.kind === "dead") return [notKept(addresses, machine)];
    if (look.kind !== "running") return []; // the check of the socket says so
    if (look.status.state !== "unlocked") return [locked(addresses)];
    const { problem } = look.status.token_files;
    return problem === undefined ? [] : [error(peerText(problem, 300), ["mailkey doctor --only=runtime-folder"])];
  },
};

function onDisk(addresses: readonly string[], { paths }: Machine): Finding {
  const seen = `${whose(addresses)} kept in memory alone, and ${paths.runtime} is on a disk`;
  const off = addresses.map((address) => mailkeyLine("agent", address, "token-file", "--off"));
  const finding = error(seen, [...off, "mailkey setup"]);
  if (process.platform !== "linux") return finding;
  const advice =
    "Or log in so that there is a folder in memory, /run/user/UID: sudo loginctl enable-linger USER makes it.";
  return { ...finding, advice };
}

function notKept(addresses: readonly string[], { paths }: Machine): Finding {
  const [first = ""] = addresses;
  const seen = `${whose(addresses)} not kept: no agent runs. There is no ${tokenFilePath(paths, first)}`;
  const advice =
    "Without systemd or launchd: mailkey agent start. For cron jobs while nobody is logged in: loginctl enable-linger.";
  return { ...error(seen, ["mailkey agent install"]), advice };
}

function locked(addresses: readonly string[]): Finding {
  const seen = `${whose(addresses)} not there while the agent is locked`;
  return { ...error(seen, ["mailkey agent unlock"]), severity: "warning" };
}

function whose(addresses: readonly string[]): string {
  return addresses.length === 1
    ? `the token file of ${addresses[0]} is`
    : `the token files of ${addresses.join(", ")} are`;
}

function error(seen: string, remedy: readonly string[]): Finding {
  return { severity: "error", seen, means: "Programs that read the file get no token.", remedy };
}
