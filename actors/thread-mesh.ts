import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { SystemId } from '#src/kit/ids.js'

/** What a thread gets to know of a neighbour: `postMessage`d by the mesh, port transferred. */
export type MeshMessage =
  | { readonly type: 'peer'; readonly system: SystemId; readonly port: MessagePort }
  | { readonly type: 'peer-gone'; readonly system: SystemId }
  /** To a slot's thread: nothing of it is needed any more. */
  | { readonly type: 'end' }

/** A thread as the mesh sees it. */
export interface MeshMember {
  readonly system: SystemId
  post(message: MeshMessage, transfer: readonly MessagePort[]): void
}

/** Connects every two threads of a process by a message channel of their own, so that no thread relays for others. */
export class ThreadMesh {
  readonly #members = new Map<SystemId, MeshMember>()

  join(member: MeshMember): void {
    for (const other of this.#members.values()) {
      const { port1, port2 } = new MessageChannel()
      other.post({ type: 'peer', system: member.system, port: port1 }, [port1])
      member.post({ type: 'peer', system: other.system, port: port2 }, [port2])
    }
    this.#members.set(member.system, member)
  }

  leave(system: SystemId): void {
    if (!this.#members.delete(system)) return
    for (const other of this.#members.values()) other.post({ type: 'peer-gone', system }, [])
  }
}
