import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OPENSSL = '/usr/bin/openssl'

export const HAS_OPENSSL = existsSync(OPENSSL)

/** A certificate and its key, by path. */
export interface Certified {
  readonly certFile: string
  readonly keyFile: string
}

/** An authority of a test, which signs what it is asked to. */
export class Authority {
  readonly caFile: string
  readonly #keyFile: string
  readonly #folder: string
  readonly #name: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    this.caFile = join(folder, `${name}-ca.pem`)
    this.#keyFile = join(folder, `${name}-ca.key`)
    openssl(
      'req',
      '-x509',
      '-days',
      '2',
      ...newKey(this.#keyFile),
      '-out',
      this.caFile,
      '-subj',
      `/CN=${name}`,
    )
  }

  /** @param days that it is valid; a negative number: it has expired */
  certificate(host: string, days = 2): Certified {
    const base = join(this.#folder, `${this.#name}-${host}-${days}`)
    const [certFile, keyFile, request, extensions] = ['pem', 'key', 'csr', 'ext'].map(
      (end) => `${base}.${end}`,
    )
    if (certFile === undefined || keyFile === undefined) throw new Error('each has a name')
    writeFileSync(extensions ?? '', `subjectAltName=DNS:${host}\n`)
    openssl('req', ...newKey(keyFile), '-out', request ?? '', '-subj', `/CN=${host}`)
    const signed = [
      '-CA',
      this.caFile,
      '-CAkey',
      this.#keyFile,
      '-CAcreateserial',
      '-extfile',
      extensions ?? '',
    ]
    openssl('x509', '-req', '-in', request ?? '', ...signed, '-days', String(days), '-out', certFile)
    return { certFile, keyFile }
  }
}

function newKey(keyFile: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
}

function openssl(...args: string[]): void {
  execFileSync(OPENSSL, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
