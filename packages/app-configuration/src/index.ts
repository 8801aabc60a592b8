export * from './configuration.ts'
export * from './for-serverless.ts'
export * from './read-configuration.ts'
