/** What `mailkey add` is told so that a world takes the place of Microsoft's own servers. */
import type { MailServer } from "../src/providers/provider.ts";
import { TENANT } from "./registrations.ts";
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
    ...serverFlags(servers),
  ];
}

/** The same for an application that acts in its own name: its organisation's own endpoint, and nowhere to sign in. */
export function applicationFlags({ issuer, servers }: World): string[] {
  return [
    "--provider=microsoft",
    "--app-only",
    `--token-endpoint=${issuer}/${TENANT}/oauth2/v2.0/token`,
    ...serverFlags(servers),
  ];
}

/** The same for a service account, whose key file says where tokens come from. */
export function serviceAccountFlags({ servers }: World, keyFile: string): string[] {
  return ["--provider=google", `--service-account=${keyFile}`, ...serverFlags(servers)];
}

function serverFlags({ imap, pop, smtp }: World["servers"]): string[] {
  return [...serverFlag("imap", imap), ...serverFlag("pop", pop), ...serverFlag("smtp", smtp)];
}

function serverFlag(name: string, server: MailServer | undefined): string[] {
  return server === undefined ? [] : [`--${name}=${server.host}:${server.port}:${server.security}`];
}
