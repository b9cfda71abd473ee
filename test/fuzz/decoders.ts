import type { Decoder } from './decoder.js'
import { bundleUpload } from './decoders/bundle-upload.js'
import { commandLine } from './decoders/command-line.js'
import { fetchResponse } from './decoders/fetch-response.js'
import { frame } from './decoders/frame.js'
import { jobLog } from './decoders/job-log.js'
import { jsonLine } from './decoders/json-line.js'
import { keyedPart } from './decoders/keyed-part.js'
import { lease } from './decoders/lease.js'
import { line } from './decoders/line.js'
import { manifest } from './decoders/manifest.js'
import { parcel } from './decoders/parcel.js'
import { recordSet } from './decoders/record-set.js'
import { row } from './decoders/row.js'
import { runHistory } from './decoders/run-history.js'
import { runRecord } from './decoders/run-record.js'
import { splitPositions } from './decoders/split-position.js'
import { stagedPiece } from './decoders/staged-piece.js'
import { value } from './decoders/value.js'

/** Whatever reads bytes that come from another process, a server, a store, a file or a user. */
export const DECODERS: readonly Decoder[] = [
  frame,
  row,
  value,
  parcel,
  manifest,
  splitPositions,
  jobLog,
  lease,
  runRecord,
  runHistory,
  bundleUpload,
  keyedPart,
  stagedPiece,
  fetchResponse,
  recordSet,
  jsonLine,
  line,
  commandLine,
] as readonly Decoder[]
