export { awsEnvironment, localCredentials } from './aws-environment.ts'
export { signedHeaders } from './signatures.ts'
export { type LocalAws, type LocalAwsOptions, startLocalAws } from './start-local-aws.ts'
