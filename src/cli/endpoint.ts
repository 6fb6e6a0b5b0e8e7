/** The URL by which clients on this machine reach the server. */
export function endpointOf(at: { readonly host: string; readonly port: number }): string {
  const isEverywhere = at.host === "0.0.0.0" || at.host === "::";
  const host = isEverywhere ? "127.0.0.1" : at.host.includes(":") ? `[${at.host}]` : at.host;
  return `http://${host}:${at.port}`;
}
