/** A place where something of an erased image could be. */
export interface Looked {
  place: string
  how: string
  found: string[]
}
