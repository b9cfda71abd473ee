import { createPrivateKey } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Availability, availabilityOf, mustHave, remembered } from './availability.js'
import { findProgram, mustRun } from './command.js'
import { temporaryFolder } from './server-process.js'

/** What a server or a client shows, as PEM texts; the key is PKCS #8. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Names as OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`. */
type SubjectName = `DNS:${string}` | `IP:${string}`

const program = remembered('openssl', () => availabilityOf(findOpenssl))

/** Which openssl makes the certificates of the tests, or why there is none. */
export function opensslAvailability(): Promise<Availability<string>> {
  return program()
}

/** Signs certificates that are good for two days. Nothing of it is left when it is closed. */
export class CertificateAuthority {
  readonly #openssl: string
  readonly #folder: string
  #issued = 0

  private constructor(openssl: string, folder: string) {
    this.#openssl = openssl
    this.#folder = folder
  }

  static async make(name: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(
      await mustHave('openssl', opensslAvailability()),
      temporaryFolder('certificates'),
    )
    await authority.#make('ca', name, ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'])
    return authority
  }

  /** What those trust who trust what it signs. */
  get certificate(): string {
    return this.#read('ca.pem')
  }

  /** For a server under `names`, or for the client `commonName`. */
  async issue(commonName: string, names: readonly SubjectName[] = []): Promise<Certificate> {
    const file = `issued-${++this.#issued}`
    const ca = ['-CA', join(this.#folder, 'ca.pem'), '-CAkey', join(this.#folder, 'ca.key')]
    const alternatives = names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]
    await this.#make(file, commonName, [
      ...ca,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      ...alternatives,
    ])
    return { certificate: this.#read(`${file}.pem`), key: this.#read(`${file}.key`) }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #make(file: string, commonName: string, more: readonly string[]): Promise<void> {
    const out = ['-out', join(this.#folder, `${file}.pem`), '-keyout', join(this.#folder, `${file}.key`)]
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const made = ['req', '-x509', '-days', '2', '-subj', `/CN=${commonName}`, ...key, ...out, ...more]
    await mustRun(this.#openssl, made)
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8')
  }
}

/** 3.0 is the first that signs with an authority in one step. */
async function findOpenssl(): Promise<string> {
  const openssl = findProgram('openssl')
  if (openssl === undefined) throw new Error('there is no openssl')
  const said = await mustRun(openssl, ['version'])
  if (Number(/OpenSSL (\d+)/.exec(said)?.[1] ?? 0) < 3)
    throw new Error(`OpenSSL 3 is needed, not ${said.trim()}`)
  return openssl
}

/** The key again, in a form that only the passphrase opens. */
export function encryptedKey({ key }: Certificate, passphrase: string): string {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
  return createPrivateKey(key).export(options).toString()
}
