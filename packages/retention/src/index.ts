export * from './deadlines.ts'
export * from './lifecycle-rules.ts'
export * from './retention.ts'
