/** dynalite has no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface Options {
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
  }
  /** A server that does not listen yet. */
  export default function dynalite(options?: Options): Server
}
