import { nkeys } from 'nats'

type KeyPair = ReturnType<typeof nkeys.createUser>

/** Who runs a NATS whose users show JWTs, and one account there. */
export class NatsOperator {
  readonly #operator = nkeys.createOperator()
  readonly #account = nkeys.createAccount()

  /** Of a server that trusts this operator. */
  get config(): string {
    const account = this.#account.getPublicKey()
    const limits = {
      subs: -1,
      data: -1,
      payload: -1,
      imports: -1,
      exports: -1,
      wildcards: true,
      conn: -1,
      leaf: -1,
    }
    const operator = jwt(this.#operator, this.#operator.getPublicKey(), { type: 'operator' })
    const ofAccount = jwt(this.#operator, account, { type: 'account', limits })
    return `operator: ${operator}\nresolver: MEMORY\nresolver_preload: { ${account}: ${ofAccount} }`
  }

  /**
   * What stands in the .creds file of a new user.
   *
   * @param expiresAt milliseconds since 1970; never unless said
   */
  credentials(expiresAt?: number): string {
    const user = nkeys.createUser()
    const claims = { type: 'user', subs: -1, data: -1, payload: -1, pub: {}, sub: {} }
    const exp = expiresAt === undefined ? {} : { exp: Math.floor(expiresAt / 1_000) }
    const token = jwt(this.#account, user.getPublicKey(), claims, exp)
    const seed = new TextDecoder().decode(user.getSeed())
    return `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

************************* IMPORTANT *************************
-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`
  }
}

function jwt(issuer: KeyPair, subject: string, nats: object, more: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    jti: subject,
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name: 'test',
    sub: subject,
    ...more,
    nats: { ...nats, version: 2 },
  }
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`
}
