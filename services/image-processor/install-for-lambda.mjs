/**
 * A Serverless plugin: makes npm install native modules (sharp) for Lambda's processor instead of the machine that
 * packages. It sets npm's environment variables, because npm's flags would also install this machine's binaries.
 */
export default class InstallForLambda {
  constructor(serverless) {
    const { architecture } = serverless.service.provider
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => {
        process.env.npm_config_os = 'linux'
        process.env.npm_config_cpu = architecture
        process.env.npm_config_libc = 'glibc'
      },
    }
  }
}
