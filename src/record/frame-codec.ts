import type { Frame } from './element.js'

/** The bytes of a frame; they own their whole ArrayBuffer. Signatures first. */
export declare function encodeFrame(frame: Frame, options?: { readonly checksum?: boolean }): Uint8Array
/** Throws RT1521 (channel corrupt) for whatever `encodeFrame` did not write. */
export declare function decodeFrame(bytes: Uint8Array): Frame
