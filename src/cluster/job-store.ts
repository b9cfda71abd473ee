import { basename, dirname, join, resolve } from 'node:path'
import type { BlobStore } from '../checkpoint/blob-store.js'
import { DirectoryBlobStore } from '../checkpoint/directory-blob-store.js'
import { type Files, nodeFiles } from '../checkpoint/files.js'
import type { Manifest } from '../checkpoint/manifest.js'
import { decodeManifest, encodeManifest } from '../checkpoint/manifest-codec.js'
import { loadManifest } from '../checkpoint/manifest-store.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { isToken, type RunId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import { type Random, randomToken } from '../kit/random.js'
import { DirectoryJobLog } from './directory-job-log.js'
import { BUNDLE_FILE, type JobBundle } from './job-bundle.js'
import { JobHistory } from './job-history.js'
import type { JobLog } from './job-log.js'
import type { LogState, Origin } from './log-entry.js'

/** What a run is, for as long as anything of it is kept. */
export interface RunRecord {
  readonly run: RunId
  readonly job: string
  /** sha256 of the bundle, which stands at `JobStore.bundlePath`. */
  readonly bundle: string
  /** As submitted: secrets are references here. */
  readonly params: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970, for display and for order. */
  readonly createdAt: number
}

export interface NewRun {
  readonly job: string
  readonly bundle: Pick<JobBundle, 'code' | 'map' | 'hash'>
  readonly params: Readonly<Record<string, unknown>>
  /** The first manifest of a run that starts from another's checkpoint; what it names is copied already. */
  readonly adopted?: { readonly origin: Origin; readonly manifest: Manifest }
  /** From `begin`, when its name was needed before (what is copied from an origin is named by it). */
  readonly run?: RunId
}

/** A checkpoint that a user chose, and where its parts are. */
export interface FoundCheckpoint {
  readonly manifest: Manifest
  readonly blobs: BlobStore
}

export interface JobStoreOptions {
  readonly directory: string
  readonly random: Random
  /** Milliseconds since 1970. */
  readonly wallTime: () => number
  readonly files?: Files
}

const RECORD = 'run.json'
const ADOPTED = 'adopted.json'

/**
 * All runs that a state directory holds:
 *
 *     runs/<run>/run.json        what was submitted
 *     runs/<run>/adopted.json    the manifest that it begins with, if it starts from another run's checkpoint
 *     runs/<run>/bundle.mjs      the job's code, and its source map beside it
 *     runs/<run>/log/            its log: a run without a first entry was never submitted
 *     blobs/<run>/…              its manifests and parts
 *     begun/<run>.<when>         it is being made: what crashed meanwhile is swept a day later
 */
export class JobStore {
  /** Of all runs: a blob's name begins with its run. */
  readonly blobs: BlobStore
  readonly directory: string
  readonly #files: Files
  readonly #options: JobStoreOptions

  constructor(options: JobStoreOptions) {
    this.#options = options
    this.directory = resolve(options.directory)
    this.#files = options.files ?? nodeFiles
    this.blobs = new DirectoryBlobStore(this.blobDirectory, this.#files)
  }

  get blobDirectory(): string {
    return join(this.directory, 'blobs')
  }

  /** The name of a new run. From here on things may be kept under it, until `create` submits it. */
  async begin(): Promise<RunId> {
    const run = randomToken(this.#options.random) as RunId
    await this.#files.createDirectory(this.#begunDirectory)
    await this.#files.write(
      join(this.#begunDirectory, `${run}.${this.#options.wallTime()}`),
      new Uint8Array(),
    )
    await this.#files.syncDirectory(this.#begunDirectory)
    return run
  }

  /**
   * Removes what runs have left that were begun and, for `LIMITS.abandonedRunMs`, not submitted: whoever made them is
   * gone. Younger ones may be in the making, by another process too.
   */
  async sweep(): Promise<void> {
    for (const mark of await this.#files.list(this.#begunDirectory)) {
      const [, run, begunAt] = /^([A-Za-z0-9_-]+)\.(\d+)$/.exec(mark) ?? []
      if (run === undefined || !isToken(run)) continue
      const isSubmitted = (await this.state(run as RunId)) !== undefined
      if (!isSubmitted) {
        if (this.#options.wallTime() - Number(begunAt) < LIMITS.abandonedRunMs) continue
        await this.blobs.delete(await this.blobs.list(run))
        await this.#removeFiles(join(this.#runDirectory(run as RunId), 'log'))
        await this.#removeFiles(this.#runDirectory(run as RunId))
      }
      await this.#files.remove(join(this.#begunDirectory, mark))
    }
  }

  /** Keeps all that the run needs, then submits it: its log's first entry is what makes it exist. */
  async create({ job, bundle, params, adopted, run: begun }: NewRun): Promise<RunRecord> {
    const run = begun ?? (await this.begin())
    const record: RunRecord = { run, job, bundle: bundle.hash, params, createdAt: this.#options.wallTime() }
    const directory = this.#runDirectory(run)
    await this.#files.createDirectory(directory)
    await this.#keep(join(directory, `${BUNDLE_FILE}.map`), bundle.map)
    await this.#keep(join(directory, BUNDLE_FILE), bundle.code)
    await this.#keep(join(directory, RECORD), JSON.stringify(record, undefined, 2))
    // The log names it only when somebody leads: until then this is all that says where the run begins.
    if (adopted !== undefined)
      await this.#files.write(join(directory, ADOPTED), encodeManifest(adopted.manifest))
    await this.#files.syncDirectory(directory)
    const event = { type: 'submitted', run, job, ...(adopted && { origin: adopted.origin }) } as const
    const verdict = JobHistory.empty.propose(event, randomToken(this.#options.random, 20))
    assert(verdict.kind === 'accepted', 'a log begins with its submission', { run })
    const answer = await this.log(run).append(verdict.entry)
    assert(answer === 'written', 'a run id is new', { run })
    return record
  }

  /** Oldest first. */
  async runs(): Promise<readonly RunRecord[]> {
    const names = await this.#files.list(join(this.directory, 'runs'))
    const records = await Promise.all(names.filter(isToken).map((run) => this.#recordOf(run as RunId)))
    return records.filter((record) => record !== undefined).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** The newest run of `job` (of any job when undefined) that has not ended: what a start goes on with. */
  async unended(job?: string): Promise<RunRecord | undefined> {
    for (const record of [...(await this.runs())].reverse()) {
      if (job !== undefined && record.job !== job) continue
      const state = await this.state(record.run)
      if (state !== undefined && state.ended === undefined) return record
    }
    return undefined
  }

  /** What the log of `run` says; undefined while it was not submitted. */
  async state(run: RunId): Promise<LogState | undefined> {
    const history = JobHistory.of(await this.log(run).read())
    return history.last?.after
  }

  /** What `run` begins with when its log retains nothing yet: undefined unless it starts from another's checkpoint. */
  async adopted(run: RunId): Promise<Manifest | undefined> {
    const path = join(this.#runDirectory(run), ADOPTED)
    const bytes = await this.#files.read(path)
    return bytes === undefined ? undefined : decodeManifest(bytes, path)
  }

  log(run: RunId): JobLog {
    return new DirectoryJobLog(join(this.#runDirectory(run), 'log'), this.#files)
  }

  bundlePath(run: RunId): string {
    return join(this.#runDirectory(run), BUNDLE_FILE)
  }

  /** Keeps a bundle that `run` goes on with, and gives its path: the code may have changed since it was submitted. */
  async keepBundle(run: RunId, { code, map, hash }: NewRun['bundle']): Promise<string> {
    const path = join(this.#runDirectory(run), `bundle-${hash.slice(0, 16)}.mjs`)
    await this.#keep(`${path}.map`, map)
    await this.#keep(path, code)
    return path
  }

  /**
   * The checkpoint that `reference` names: an id (of the newest run of `job` that retains it), `<run>/<id>`, or the
   * path of a manifest or of the directory that holds it. Throws RT1209 when there is none.
   */
  async findCheckpoint(reference: string, job: string): Promise<FoundCheckpoint> {
    const [, run, id] = /^(?:([A-Za-z0-9_-]+)\/)?(\d+)$/.exec(reference) ?? []
    if (id === undefined) return this.#checkpointAt(resolve(reference))
    const retained: string[] = []
    for (const record of [...(await this.runs())].reverse()) {
      if (run === undefined ? record.job !== job : record.run !== run) continue
      for (const { checkpoint, manifest } of (await this.state(record.run))?.retained ?? []) {
        retained.push(`${record.run}/${checkpoint}`)
        if (checkpoint === Number(id)) {
          return { manifest: await loadManifest(this.blobs, manifest), blobs: this.blobs }
        }
      }
    }
    throw noCheckpoint(
      reference,
      retained.length === 0
        ? `${this.directory} retains none of job "${job}"`
        : `retained are ${retained.join(', ')}`,
    )
  }

  async #checkpointAt(path: string): Promise<FoundCheckpoint> {
    const names = await this.#files.list(path)
    const manifests = names.filter((name) => /^manifest.*\.json$/.test(name))
    if (manifests.length > 1)
      throw noCheckpoint(path, `it holds ${manifests.join(' and ')}: name one of them`)
    const file = manifests[0] === undefined ? path : join(path, manifests[0])
    const bytes = await this.#files.read(file).catch(() => undefined)
    if (bytes === undefined) throw noCheckpoint(path, 'no manifest is there')
    const manifest = decodeManifest(bytes, file)
    // A manifest stands at <blobs>/<run>/<attempt>/<checkpoint>/<name>.
    const checkpoint = dirname(file)
    const run = dirname(dirname(checkpoint))
    if (basename(run) !== manifest.run) throw noCheckpoint(path, 'the manifest was moved away from its parts')
    return { manifest, blobs: new DirectoryBlobStore(dirname(run), this.#files) }
  }

  async #recordOf(run: RunId): Promise<RunRecord | undefined> {
    const path = join(this.#runDirectory(run), RECORD)
    const bytes = await this.#files.read(path)
    if (bytes === undefined) return undefined
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as RunRecord
    } catch (cause) {
      throw new RetakeError('RT1306', {
        what: `${path} is not the record of a run`,
        why: 'it is not JSON',
        fix: 'restore that file from a copy, or remove the directory of that run',
        where: path,
        cause,
      })
    }
  }

  async #keep(path: string, content: string): Promise<void> {
    await this.#files.write(path, new TextEncoder().encode(content))
  }

  /** With the directory, if nothing is in it then. */
  async #removeFiles(directory: string): Promise<void> {
    for (const name of await this.#files.list(directory)) {
      if (name !== 'log') await this.#files.remove(join(directory, name))
    }
    await this.#files.removeEmptyDirectory(directory)
  }

  get #begunDirectory(): string {
    return join(this.directory, 'begun')
  }

  #runDirectory(run: RunId): string {
    assert(isToken(run), 'a run is a token', { run })
    return join(this.directory, 'runs', run)
  }
}

function noCheckpoint(reference: string, why: string): RetakeError {
  return new RetakeError('RT1209', {
    what: `"${reference}" names no checkpoint`,
    why,
    fix: 'give --from-checkpoint an id, <run>/<id>, or the path of a checkpoint (<state>/blobs/<run>/<attempt>/<id>)',
  })
}
