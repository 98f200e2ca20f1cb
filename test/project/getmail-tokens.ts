/** What getmail's helper leaves of a sign-in: the way to an account with a token that needs no network. */
export function getmailTokens(user: string, accessToken: string): string {
  return JSON.stringify({
    user,
    client_id: "1.apps.googleusercontent.com",
    token_uri: "https://oauth2.googleapis.com/token",
    scope: "https://mail.google.com/",
    access_token: accessToken,
    refresh_token: "1//of-nobody",
    expires_at: Date.now() / 1000 + 3600,
  });
}
