import type { Input } from './input.ts'
import type { Output } from './output.ts'

/** Reads and writes values of one wire type. */
export interface Type<T> {
  read(input: Input): T
  write(output: Output, value: T): void
}

/** The TypeScript type that a `Type` reads. */
export type Read<T> = T extends Type<infer Value> ? Value : never

export const int8: Type<number> = { read: (input) => input.int8(), write: (output, v) => output.int8(v) }
export const int16: Type<number> = { read: (input) => input.int16(), write: (output, v) => output.int16(v) }
export const int32: Type<number> = { read: (input) => input.int32(), write: (output, v) => output.int32(v) }
export const int64: Type<number> = { read: (input) => input.int64(), write: (output, v) => output.int64(v) }

export const bool: Type<boolean> = {
  read: (input) => input.int8() !== 0,
  write: (output, value) => output.int8(value ? 1 : 0),
}

/** 16 bytes, as hex without dashes. */
export const uuid: Type<string> = {
  read: (input) => input.bytes(16).toString('hex'),
  write: (output, value) => output.bytes(Buffer.from(value, 'hex')),
}

/** A length of −1 means null. Compact lengths are one higher, so 0 means null. */
function readLength(input: Input, width: 16 | 32): number {
  if (input.flexible) return input.unsignedVarint() - 1
  return width === 16 ? input.int16() : input.int32()
}

function writeLength(output: Output, length: number, width: 16 | 32): void {
  if (output.flexible) output.unsignedVarint(length + 1)
  else if (width === 16) output.int16(length)
  else output.int32(length)
}

export const nullableBytes: Type<Buffer | null> = {
  read(input) {
    const length = readLength(input, 32)
    return length < 0 ? null : input.bytes(length)
  },
  write(output, value) {
    writeLength(output, value?.length ?? -1, 32)
    if (value) output.bytes(value)
  },
}

export const bytes: Type<Buffer> = {
  read: (input) => nullableBytes.read(input) ?? Buffer.alloc(0),
  write: (output, value) => nullableBytes.write(output, value),
}

export const nullableString: Type<string | null> = {
  read(input) {
    const length = readLength(input, 16)
    return length < 0 ? null : input.bytes(length).toString()
  },
  write(output, value) {
    const text = value === null ? null : Buffer.from(value)
    writeLength(output, text?.length ?? -1, 16)
    if (text) output.bytes(text)
  },
}

export const string: Type<string> = {
  read: (input) => nullableString.read(input) ?? '',
  write: (output, value) => nullableString.write(output, value),
}

export function nullableArray<T>(item: Type<T>): Type<T[] | null> {
  return {
    read(input) {
      const length = readLength(input, 32)
      return length < 0 ? null : Array.from({ length }, () => item.read(input))
    },
    write(output, values) {
      writeLength(output, values?.length ?? -1, 32)
      for (const value of values ?? []) item.write(output, value)
    },
  }
}

export function array<T>(item: Type<T>): Type<T[]> {
  const nullable = nullableArray(item)
  return {
    read: (input) => nullable.read(input) ?? [],
    write: (output, values) => nullable.write(output, values),
  }
}

/** Fields in wire order. Tagged fields are skipped when reading and never written. */
export function struct<Fields extends Record<string, Type<unknown>>>(
  fields: Fields,
): Type<{ [Name in keyof Fields]: Read<Fields[Name]> }> {
  type Struct = { [Name in keyof Fields]: Read<Fields[Name]> }
  return {
    read(input) {
      const entries = Object.entries(fields).map(([name, field]) => [name, field.read(input)])
      input.skipTaggedFields()
      return Object.fromEntries(entries) as Struct
    },
    write(output, value) {
      for (const [name, field] of Object.entries(fields)) field.write(output, value[name])
      output.noTaggedFields()
    },
  }
}

/** A field that exists only in some versions. In others it reads as `absent` and is not written. */
export function inVersions<T>(first: number, last: number, type: Type<T>, absent: T): Type<T> {
  const has = (version: number) => version >= first && version <= last
  return {
    read: (input) => (has(input.version) ? type.read(input) : absent),
    write(output, value) {
      if (has(output.version)) type.write(output, value)
    },
  }
}

export function since<T>(first: number, type: Type<T>, absent: T): Type<T> {
  return inVersions(first, Number.POSITIVE_INFINITY, type, absent)
}

export function until<T>(last: number, type: Type<T>, absent: T): Type<T> {
  return inVersions(0, last, type, absent)
}
