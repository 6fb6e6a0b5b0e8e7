import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** An identity provider on this machine, which tells its keys as OpenID Connect Discovery has it. */
export interface Issuer {
  readonly url: string;
  /** "127.0.0.1:40123/realms/test": its name in ARNs and condition keys. */
  readonly name: string;
  /** Its public keys as a JSON Web Key Set. */
  readonly keySet: object;
  /** A signed token with these claims beside issuer and times; with `exp` ten minutes from now. */
  token(claims: Readonly<Record<string, unknown>>): string;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** `url`: of an issuer that is not on this machine; nobody can ask that one. */
export async function startIssuer(given?: string): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keySet = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "first", use: "sig" }] };
  const url = given ?? `${await serve(keySet)}/realms/test`;
  return {
    url,
    name: url.replace(/^https?:\/\//, ""),
    keySet,
    token(claims) {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const header = encoded({ alg: "RS256", kid: "first", typ: "JWT" });
      const payload = { iss: url, iat: nowSeconds, exp: nowSeconds + 600, ...claims };
      const signed = `${header}.${encoded(payload)}`;
      const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
      return `${signed}.${signature}`;
    },
  };
}

async function serve(keySet: object): Promise<string> {
  const server = createServer((request, response) => {
    const isDiscovery = request.url === "/realms/test/.well-known/openid-configuration";
    const { port } = server.address() as AddressInfo;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify(
        isDiscovery ? { jwks_uri: `http://127.0.0.1:${port}/realms/test/keys` } : keySet,
      ),
    );
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
