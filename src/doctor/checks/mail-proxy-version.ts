/** A mail proxy that was started before an update goes on as it was. */
import { peerText } from "../../platform/text.ts";
import { VERSION } from "../../version.ts";
import type { MachineCheck } from "../check.ts";
import { restartProxyLines } from "../mail-proxy.ts";

export const mailProxyVersion: MachineCheck = {
  id: "mail-proxy-version",
  title: "the running mail proxy's version",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const status = await machine.mailProxy();
    if (status === undefined || status.version === VERSION) return [];
    return [
      {
        severity: "warning",
        seen: `the running mail proxy is mailkey ${peerText(status.version, 30)}, this is ${VERSION}`,
        means: "What the update mended is not mended in the proxy until it is started anew, which ends its sessions.",
        remedy: restartProxyLines(status),
      },
    ];
  },
};
