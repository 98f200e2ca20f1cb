/** What `mailkey add` is told so that a world takes the place of Microsoft's own servers. */
import type { MailServer } from "../src/providers/provider.ts";
import type { World } from "./world.ts";

export function mailkeyFlags({ endpoints, servers }: World): string[] {
  return [
    "--provider=microsoft",
    "--client=thunderbird",
    `--issuer-id=${endpoints.issuer}`,
    `--authorization-endpoint=${endpoints.authorization}`,
    `--token-endpoint=${endpoints.token}`,
    `--device-endpoint=${endpoints.device}`,
    `--revocation-endpoint=${endpoints.revocation}`,
    ...serverFlag("imap", servers.imap),
    ...serverFlag("pop", servers.pop),
    ...serverFlag("smtp", servers.smtp),
  ];
}

function serverFlag(name: string, server: MailServer | undefined): string[] {
  return server === undefined ? [] : [`--${name}=${server.host}:${server.port}:${server.security}`];
}
