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

/** The same by path, until its authority is closed. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

const DAYS = 2

/** Names as OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`. */
type SubjectName = `DNS:${string}` | `IP:${string}`

const program = remembered('openssl', () => availabilityOf(findOpenssl))

/** Which openssl makes the certificates of the tests, or why there is none. */
export function opensslAvailability(): Promise<Availability<string>> {
  return program()
}

/** Signs certificates, good for two days unless said. Nothing of it is left when it is closed. */
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
    const key = newKey(join(authority.#folder, 'ca.key'))
    const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
    const made = ['-x509', '-days', String(DAYS), '-subj', `/CN=${name}`, '-out', authority.certificateFile]
    await authority.#run('req', ...made, ...key, ...usage)
    return authority
  }

  /** What those trust who trust what it signs. */
  get certificate(): string {
    return textOf(this.certificateFile)
  }

  /** The same as a file, while this is open. */
  get certificateFile(): string {
    return join(this.#folder, 'ca.pem')
  }

  /**
   * For a server under `names`, or for the client `commonName`.
   * @param days that it is valid; a negative number: it has expired
   */
  async issue(
    commonName: string,
    names: readonly SubjectName[] = [],
    days = DAYS,
  ): Promise<Certificate & CertificateFiles> {
    const base = join(this.#folder, `issued-${++this.#issued}`)
    const [certFile, keyFile, request] = [`${base}.pem`, `${base}.key`, `${base}.csr`]
    const alternatives = names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]
    const extensions = ['-addext', 'basicConstraints=critical,CA:FALSE', ...alternatives]
    await this.#run('req', '-subj', `/CN=${commonName}`, ...newKey(keyFile), '-out', request, ...extensions)
    const ca = ['-CA', this.certificateFile, '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial']
    const signing = ['-req', '-in', request, ...ca, '-copy_extensions', 'copyall', '-days', String(days)]
    await this.#run('x509', ...signing, '-out', certFile)
    return { certificate: textOf(certFile), key: textOf(keyFile), certFile, keyFile }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #run(...words: readonly string[]): Promise<void> {
    await mustRun(this.#openssl, words)
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file]
}

function textOf(file: string): string {
  return readFileSync(file, 'utf8')
}

/** 3.0 is the first that copies what a request asks for. */
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
