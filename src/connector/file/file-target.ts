import { join, resolve } from 'node:path'
import { RetakeError } from '../../kit/errors.js'
import type { RunId } from '../../kit/ids.js'
import type { Piece } from '../../state/snapshot.js'
import type { SinkContext } from '../sink.js'
import type { PieceName } from '../staged-pieces.js'
import type { PieceAnswer, PieceTarget, Pile } from '../staged-writer.js'
import { sinkFault } from './file-fault.js'
import { LinePile } from './line-pile.js'
import type { PartFiles } from './part-files.js'
import { partName, partsAmong, stagingName } from './part-name.js'

/**
 * A folder as an exactly-once sink sees it: a piece is a file, which appears whole, under a name that is the piece's
 * for ever. So publishing it again does nothing, and the names in the folder are the ledger.
 *
 * A file is written in a folder of its run, made durable, and renamed. To fence another run for good, that folder is
 * renamed away and a file put in its place: a rename that is under way elsewhere comes before that, and is seen when
 * the folder is listed, or finds nothing. Attempts of one run need no fence: all that an older one may still publish,
 * the newer one has restored, and would publish with the same name and bytes.
 */
export class FileTarget implements PieceTarget {
  readonly #ctx: SinkContext
  readonly #folder: string
  readonly #staging: string
  readonly #files: PartFiles

  constructor(ctx: SinkContext, folder: string, files: PartFiles) {
    this.#ctx = ctx
    this.#folder = resolve(folder)
    this.#staging = this.#in(stagingName(ctx.run, ctx.operator))
    this.#files = files
  }

  async open(restored: readonly Piece[]): Promise<void> {
    const { run, restoredFrom } = this.#ctx
    const runs = new Set<RunId>(restored.map((piece) => piece.run))
    if (restoredFrom !== undefined) runs.add(restoredFrom.run)
    const made = await this.#writing(this.#folder, () => this.#files.createFolder(this.#folder))
    if (made === 'taken') throw notAFolder(this.#folder)
    for (const other of runs) if (other !== run) await this.#fence(other)
    await this.#openStaging()
    await this.#checkLedger(runs, restored)
  }

  pile(): Pile {
    return new LinePile()
  }

  async apply(name: PieceName, bytes: Uint8Array): Promise<PieceAnswer> {
    const path = this.#in(partName(this.#ctx.operator, name))
    const files = this.#files
    return this.#writing(path, async () => {
      const published = await files.read(path)
      if (published === undefined) {
        const { run, owner, checkpoint, number } = name
        const staged = join(this.#staging, [this.#ctx.attempt, run, owner, checkpoint, number].join('-'))
        if ((await files.list(this.#staging)) === 'no folder') return 'fenced'
        await files.write(staged, bytes)
        if ((await files.rename(staged, path)) === 'missing') return 'fenced'
      } else if (Buffer.compare(published, bytes) !== 0) {
        throw changedError(path, published.length, bytes.length)
      }
      await files.syncFolder(this.#folder)
      return published === undefined ? 'applied' : 'already-applied'
    })
  }

  async close(): Promise<void> {}

  /** Keeps `run` from publishing, for good. It may be opening just now: then it is met again. */
  async #fence(run: RunId): Promise<void> {
    const staging = this.#in(stagingName(run, this.#ctx.operator))
    const away = `${staging}-${this.#ctx.run}-${this.#ctx.attempt}-${this.#ctx.subtask}`
    await this.#writing(staging, async () => {
      while ((await this.#files.mark(staging)) === 'exists') {
        if ((await this.#files.list(staging)) === 'no folder') break
        await this.#files.rename(staging, away)
        await this.#files.remove(away)
      }
      await this.#files.syncFolder(this.#folder)
    })
  }

  /** What an earlier attempt has left half written goes. */
  async #openStaging(): Promise<void> {
    const { attempt } = this.#ctx
    await this.#writing(this.#staging, async () => {
      if ((await this.#files.createFolder(this.#staging)) === 'taken') throw replacedError(this.#ctx)
      const left = await this.#files.list(this.#staging)
      for (const name of left === 'no folder' ? [] : left) {
        if (Number.parseInt(name, 10) < attempt) await this.#files.remove(join(this.#staging, name))
      }
    })
  }

  /**
   * No run whose rows are restored may have published more than is restored: that would be written again. Throws
   * RT1214, unless the user accepts repeated rows. Read when those runs can publish no more.
   */
  async #checkLedger(runs: ReadonlySet<RunId>, restored: readonly Piece[]): Promise<void> {
    const { operator, restoredFrom, allowRepeatedRows, logger } = this.#ctx
    const names = await this.#writing(this.#folder, () => this.#files.list(this.#folder))
    for (const run of runs) {
      for (const { owner, checkpoint } of partsAmong(names === 'no folder' ? [] : names, run, operator)) {
        const limit =
          restoredFrom?.run === run ? restoredFrom.checkpoint : lastCheckpoint(restored, run, owner)
        if (limit === undefined || checkpoint <= limit) continue
        const what = `sink ${JSON.stringify(operator)} has files of checkpoint ${checkpoint}, but starts from checkpoint ${limit}`
        if (!allowRepeatedRows) throw aheadError(what, run)
        logger.warn({ run, owner, checkpoint, limit }, `${what}: rows will be repeated, as was allowed`)
      }
    }
  }

  async #writing<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof RetakeError ? error : sinkFault(path, error)
    }
  }

  #in(name: string): string {
    return join(this.#folder, name)
  }
}

function lastCheckpoint(restored: readonly Piece[], run: RunId, owner: number): number | undefined {
  const staged = restored.filter((piece) => piece.run === run && piece.owner === owner)
  return staged.length === 0 ? undefined : Math.max(...staged.map(({ checkpoint }) => checkpoint))
}

function notAFolder(path: string): RetakeError {
  return new RetakeError('RT1481', {
    what: `the file sink may not write in ${path}`,
    why: 'it is a file, and must be a folder',
    fix: 'correct `path` of file.sink',
  })
}

function aheadError(what: string, run: RunId): RetakeError {
  return new RetakeError('RT1214', {
    what,
    why: `run ${run} went on after that checkpoint and published rows, which would be written a second time`,
    fix: 'start from its latest checkpoint, or accept repeated rows with --allow-repeated-rows',
  })
}

function replacedError({ run, operator }: SinkContext): RetakeError {
  return new RetakeError('RT1451', {
    what: `run ${run} may no longer write to sink ${JSON.stringify(operator)}`,
    why: 'another run was started from one of its checkpoints and writes instead',
    fix: 'end this run, or start a new one from the latest checkpoint of the run that replaced it',
  })
}

function changedError(path: string, published: number, staged: number): RetakeError {
  return new RetakeError('RT1483', {
    what: `${path} is not what this job has published`,
    why: `it has ${published} bytes, and what the checkpoint holds of it, ${staged} bytes, is different`,
    fix: 'leave published files as they are; move this one elsewhere and it is published again',
  })
}
