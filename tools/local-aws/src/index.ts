export { awsEnvironment, localCredentials } from './aws-environment.ts'
export { signedHeaders } from './signatures.ts'
export { type LocalAws, startLocalAws } from './start-local-aws.ts'
