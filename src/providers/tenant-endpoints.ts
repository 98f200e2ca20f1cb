/**
 * Microsoft's endpoints name a tenant, or one of three words that stand for many: where a person signs in the words will do, where an
 * application acts in its own name they will not.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints
 */
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import type { Endpoints, OAuthProvider } from "./provider.ts";

/** The first part of the path: any tenant, any organisation's, nobody's but personal accounts. */
const SHARED_TENANT = /^(https:\/\/[^/]+\/)(?:common|organizations|consumers)(?=\/)/;

/**
 * The endpoints with `tenant` (its id, or one of its domains) in the place of the word; undefined when none of them names one.
 *
 * @throws ERR_USAGE for what is no tenant
 */
export function endpointsOfTenant({ endpoints }: OAuthProvider, tenant: string): Endpoints | undefined {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/i.test(tenant))
    throw new MailkeyError("ERR_USAGE", "--tenant is the organisation's tenant id, or one of its domains", {
      hint: "mailkey help add",
    });
  const ofTenant = Object.entries(endpoints).flatMap(([name, url]) =>
    typeof url === "string" && SHARED_TENANT.test(url)
      ? [[name, url.replace(SHARED_TENANT, (_word, host: string) => `${host}${tenant}`)] as const]
      : [],
  );
  return ofTenant.length === 0 ? undefined : Object.fromEntries(ofTenant);
}

/** The tenant in the token endpoint; undefined when it names none. */
export function tenantOf({ endpoints }: OAuthProvider): string | undefined {
  const { token = "" } = endpoints;
  if (SHARED_TENANT.test(token)) return undefined;
  return /^https:\/\/[^/]+\/([^/]+)\/oauth2\//.exec(token)?.[1];
}

/** Microsoft would answer AADSTS9001023 or AADSTS50059. @throws ERR_CONFIG */
export function refuseSharedEndpoint({ endpoints }: OAuthProvider, address: string): void {
  const word = /^https:\/\/[^/]+\/([a-z]+)/.exec(endpoints.token ?? "")?.[1] ?? "";
  if (!SHARED_TENANT.test(endpoints.token ?? "")) return;
  throw new MailkeyError(
    "ERR_CONFIG",
    `an application gets tokens from its organisation's own endpoint, not from /${word} (AADSTS9001023)`,
    { hint: `${shellLine(["mailkey", "add", address])} --replace --app-only --tenant TENANT --client-id ID` },
  );
}
