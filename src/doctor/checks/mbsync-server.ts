/** Whether mbsync asks the right server, as the right user. */
import type { MachineCheck } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import { doubleQuoted } from "../../clients/quoting.ts";
import { MBSYNC_OWNER, ownedAccounts } from "../programs.ts";
import { serverFindings } from "../program-servers.ts";

export const mbsyncServer: MachineCheck = {
  of: "machine",
  id: "mbsync-server",
  title: "host and user of mbsync",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("mbsync")) === undefined) return [];
    const owned = ownedAccounts(machine, readMbsync(machine), MBSYNC_OWNER);
    const found = owned.map((each) =>
      serverFindings(each, {
        program: "mbsync",
        protocol: "imap",
        command: "passcmd",
        host: (host) => `Host ${host}`,
        user: (user) => `User ${doubleQuoted(user)}`,
      }),
    );
    return (await Promise.all(found)).flat();
  },
};
