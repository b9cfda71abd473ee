import { basename, dirname, join, resolve } from 'node:path'
import type { BlobStore } from '../checkpoint/blob-store.js'
import { DirectoryBlobStore } from '../checkpoint/directory-blob-store.js'
import { nodeFiles } from '../checkpoint/files.js'
import type { Manifest } from '../checkpoint/manifest.js'
import { decodeManifest, encodeManifest } from '../checkpoint/manifest-codec.js'
import { loadManifest } from '../checkpoint/manifest-store.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { isToken, type RunId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import { type Random, randomToken } from '../kit/random.js'
import { bundleDocuments, isBundle } from './bundle-cache.js'
import { HistoryDocuments } from './history-documents.js'
import type { JobBundle } from './job-bundle.js'
import { JobHistory } from './job-history.js'
import type { BuildRequest } from './job-loader.js'
import type { JobLog } from './job-log.js'
import type { LogState, Origin } from './log-entry.js'
import { decodeRunRecord, encodeRunRecord } from './run-record-codec.js'
import type { StateStore } from './state-store.js'

/** What a run is, for as long as anything of it is kept. */
export interface RunRecord {
  readonly run: RunId
  readonly job: string
  /** sha256, hex, of the bundle that the run goes on with: `BundleCache.path` finds it. */
  readonly bundle: string
  /** What its graph is built with, as submitted: secrets are references here. */
  readonly request: BuildRequest
  /** Of the plan that code and request give. */
  readonly fingerprint: string
  /** Whether its user accepts that a sink may be ahead of the checkpoint that it starts from. */
  readonly allowRepeatedRows: boolean
  /** Milliseconds since 1970, for display and for order. */
  readonly createdAt: number
}

export interface NewRun {
  readonly job: string
  /** Kept already, by `keepBundle`. */
  readonly bundle: string
  readonly request: BuildRequest
  readonly fingerprint: string
  readonly allowRepeatedRows: boolean
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
  readonly state: StateStore
  readonly random: Random
  /** Milliseconds since 1970. */
  readonly wallTime: () => number
}

const BEGUN = 'begun'

/**
 * All runs that a cluster keeps. Beside logs (a run without a first entry was never submitted) and blobs, by documents:
 *
 *     runs/<run>/run.json        what was submitted, and the code that it goes on with
 *     runs/<run>/adopted.json    the manifest that it begins with, if it starts from another run's checkpoint
 *     runs/<run>/history.<epoch> what became of it, as that leadership knew it
 *     bundles/<hash>.mjs         a job's code, and its source map beside it; runs of the same code share it
 *     begun/<run>.<when>         it is being made: what crashed meanwhile is swept a day later
 */
export class JobStore {
  /** Of all runs: a blob's name begins with its run. */
  readonly blobs: BlobStore
  readonly #state: StateStore
  readonly #random: Random
  readonly #wallTime: () => number

  constructor({ state, random, wallTime }: JobStoreOptions) {
    this.blobs = state.blobs
    this.#state = state
    this.#random = random
    this.#wallTime = wallTime
  }

  /** The name of a new run. From here on things may be kept under it, until `create` submits it. */
  async begin(): Promise<RunId> {
    const run = randomToken(this.#random) as RunId
    await this.#state.documents.put(`${BEGUN}/${run}.${this.#wallTime()}`, new Uint8Array())
    return run
  }

  /**
   * Removes what runs have left that were begun and, for `LIMITS.abandonedRunMs`, not submitted: whoever made them is
   * gone. Younger ones may be in the making, by another process too.
   */
  async sweep(): Promise<void> {
    const { blobs, documents } = this.#state
    for (const mark of await documents.list(BEGUN)) {
      const [, run, begunAt] = /^begun\/([A-Za-z0-9_-]+)\.(\d+)$/.exec(mark) ?? []
      if (run === undefined || !isToken(run)) continue
      const isSubmitted = (await this.state(run as RunId)) !== undefined
      if (!isSubmitted) {
        if (this.#wallTime() - Number(begunAt) < LIMITS.abandonedRunMs) continue
        await blobs.delete(await blobs.list(run))
        for (const name of await documents.list(`runs/${run}`)) await documents.delete(name)
      }
      await documents.delete(mark)
    }
  }

  /** Keeps all that the run needs, then submits it: its log's first entry is what makes it exist. */
  async create({ adopted, run: begun, ...submitted }: NewRun): Promise<RunRecord> {
    const run = begun ?? (await this.begin())
    const { job, bundle, request, fingerprint, allowRepeatedRows } = submitted
    const createdAt = this.#wallTime()
    const record: RunRecord = { run, job, bundle, request, fingerprint, allowRepeatedRows, createdAt }
    await this.update(record)
    // The log names it only when somebody leads: until then this is all that says where the run begins.
    if (adopted !== undefined) {
      await this.#state.documents.put(adoptedName(run), encodeManifest(adopted.manifest))
    }
    const event = { type: 'submitted', run, job, ...(adopted && { origin: adopted.origin }) } as const
    const verdict = JobHistory.empty.propose(event, randomToken(this.#random, 20))
    assert(verdict.kind === 'accepted', 'a log begins with its submission', { run })
    const answer = await this.log(run).append(verdict.entry)
    assert(answer === 'written', 'a run id is new', { run })
    return record
  }

  /** The run goes on with other code, or another request. Whoever takes it over from here on uses that. */
  async update(record: RunRecord): Promise<void> {
    await this.#state.documents.put(recordName(record.run), encodeRunRecord(record))
  }

  /** All that were submitted, oldest first. */
  async runs(): Promise<readonly RunRecord[]> {
    const records = await Promise.all((await this.#state.runs()).map((run) => this.record(run)))
    return records.filter((record) => record !== undefined).sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Undefined when nothing is known of `run`. Throws RT1306 for what is no record. */
  async record(run: RunId): Promise<RunRecord | undefined> {
    const name = recordName(run)
    const bytes = await this.#state.documents.get(name)
    return bytes === undefined ? undefined : decodeRunRecord(bytes, name)
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
    const name = adoptedName(run)
    const bytes = await this.#state.documents.get(name)
    return bytes === undefined ? undefined : decodeManifest(bytes, name)
  }

  log(run: RunId): JobLog {
    return this.#state.log(run)
  }

  history(run: RunId): HistoryDocuments {
    return new HistoryDocuments(this.#state.documents, run)
  }

  /** Keeps a bundle for good; code that is there, and whole, is left as it is. */
  async keepBundle({ code, map, hash }: Pick<JobBundle, 'code' | 'map' | 'hash'>): Promise<void> {
    const { documents } = this.#state
    const names = bundleDocuments(hash)
    // No part of the hash: it names the files of whoever submits, and so the newest one counts.
    await documents.put(names.map, new TextEncoder().encode(map))
    const kept = await documents.get(names.code)
    if (kept !== undefined && isBundle(kept, hash)) return
    // The code last: where it stands, its map does.
    await documents.put(names.code, new TextEncoder().encode(code))
  }

  /**
   * The checkpoint that `reference` names: an id (of the newest run of `job` that retains it), `<run>/<id>`, or the
   * path, on this machine, of a manifest or of the directory that holds it. Throws RT1209 when there is none.
   */
  async findCheckpoint(reference: string, job: string): Promise<FoundCheckpoint> {
    const [, run, id] = /^(?:([A-Za-z0-9_-]+)\/)?(\d+)$/.exec(reference) ?? []
    if (id === undefined) return checkpointAt(resolve(reference))
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
        ? `the state store retains none of job "${job}"`
        : `retained are ${retained.join(', ')}`,
    )
  }
}

async function checkpointAt(path: string): Promise<FoundCheckpoint> {
  const names = await nodeFiles.list(path)
  const manifests = names.filter((name) => /^manifest.*\.json$/.test(name))
  if (manifests.length > 1) throw noCheckpoint(path, `it holds ${manifests.join(' and ')}: name one of them`)
  const file = manifests[0] === undefined ? path : join(path, manifests[0])
  const bytes = await nodeFiles.read(file).catch(() => undefined)
  if (bytes === undefined) throw noCheckpoint(path, 'no manifest is there')
  const manifest = decodeManifest(bytes, file)
  // A manifest stands at <blobs>/<run>/<attempt>/<checkpoint>/<name>.
  const checkpoint = dirname(file)
  const run = dirname(dirname(checkpoint))
  if (basename(run) !== manifest.run) throw noCheckpoint(path, 'the manifest was moved away from its parts')
  return { manifest, blobs: new DirectoryBlobStore(dirname(run)) }
}

function recordName(run: RunId): string {
  return `runs/${run}/run.json`
}

function adoptedName(run: RunId): string {
  return `runs/${run}/adopted.json`
}

function noCheckpoint(reference: string, why: string): RetakeError {
  return new RetakeError('RT1209', {
    what: `"${reference}" names no checkpoint`,
    why,
    fix: 'give --from-checkpoint an id, <run>/<id>, or the path of a checkpoint (<state>/blobs/<run>/<attempt>/<id>)',
  })
}
