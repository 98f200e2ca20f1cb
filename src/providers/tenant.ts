/**
 * The last step of discovery, and a guess: a domain whose mail passes through a filtering gateway may still be a tenant of
 * Microsoft's. That it has one does not prove that its mail is there.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 */
import type { Fetch } from "../platform/http.ts";
import type { Provider } from "./provider.ts";

/** The provider for work accounts in whose cloud the domain has a tenant; null when it has none. */
export async function findTenant(
  domain: string,
  providers: readonly Provider[],
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Provider | null> {
  const response = await fetch(`https://login.microsoftonline.com/${domain}/v2.0/.well-known/openid-configuration`, {
    signal,
    redirect: "error",
  });
  if (!response.ok) {
    await response.body?.cancel();
    return null;
  }
  const metadata: unknown = await response.json();
  const token =
    typeof metadata === "object" && metadata !== null && "token_endpoint" in metadata && metadata.token_endpoint;
  if (typeof token !== "string" || !URL.canParse(token)) return null;
  const { host } = new URL(token);
  return (
    providers.find(
      (provider) =>
        provider.kind === "oauth2" &&
        provider.endpoints.issuer?.includes("{tenantid}") === true &&
        new URL(provider.endpoints.token ?? "https://invalid").host === host,
    ) ?? null
  );
}
