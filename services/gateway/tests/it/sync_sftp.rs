//! Files on OpenSSH's own server (Debian: openssh-server).

use crate::sync_world::{SyncWorld, TENANT, counts, of, refused};
use contracts::mentor::gateway::v1::{source_settings::Kind, *};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use testkit::eventually;

/// A server for one test.
struct Sshd {
    home: TempDir,
    port: u16,
    process: Child,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(name: &str) -> PathBuf {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is missing: apt install openssh-server openssh-client"))
}

fn done(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Sshd {
    async fn start() -> Sshd {
        let home = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| home.path().join(name);
        for name in ["host", "user"] {
            done(
                Command::new(program("ssh-keygen"))
                    .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                    .arg(at(name)),
            );
        }
        fs::create_dir(at("out")).expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {host}\nAuthorizedKeysFile {user}.pub\nPidFile none\nUsePAM no\n\
             StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
            host = at("host").display(),
            user = at("user").display()
        );
        fs::write(at("config"), config).expect("written");
        // As root it wants a folder for those who are not signed in yet.
        let _ = fs::create_dir_all("/run/sshd");
        let mut command = Command::new(program("sshd"));
        command.args(["-D", "-e", "-f"]).arg(at("config")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("sshd starts");
        let server = Sshd { home, port, process };
        eventually!(
            Duration::from_secs(20),
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        );
        server
    }

    fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    fn settings(&self) -> SftpSettings {
        let who = Command::new("id").arg("-un").output().expect("id runs").stdout;
        SftpSettings {
            host: "127.0.0.1".into(),
            port: i32::from(self.port),
            user: String::from_utf8(who).expect("a name").trim().to_owned(),
            host_key: fs::read_to_string(self.home.path().join("host.pub")).expect("the host's key"),
            key_secret: "sftp".into(),
            folder: self.out().display().to_string(),
            archive_folder: self.out().join("archive").display().to_string(),
            ..SftpSettings::default()
        }
    }

    async fn world(&self) -> SyncWorld {
        let key = self.home.path().join("user");
        SyncWorld::start(&format!("[secrets.sftp]\ntenant = '{TENANT}'\nfile = '{}'\n", key.display())).await
    }
}

#[tokio::test]
async fn files_are_pulled_in_their_order_and_archived() {
    let server = Sshd::start().await;
    let world = server.world().await;
    let source = world.create("Provider", Kind::Sftp(server.settings())).await;
    let empty = world.run(of(&source)).await;
    assert_eq!(
        (empty.state(), empty.message.as_str()),
        (SyncState::Succeeded, "there was no new file"),
        "{empty:?}"
    );

    let header = "employee_id,manager_id,job_title,unit\n";
    fs::write(server.out().join("staff-1.csv"), format!("{header}1,,Chief,Board\n2,1,Head,Tax\n"))
        .expect("written");
    fs::write(server.out().join("staff-2.csv"), format!("{header}1,,Chief,Board\n2,1,Head,Law\n"))
        .expect("written");
    std::os::unix::fs::symlink("/etc/passwd", server.out().join("staff-0.csv")).expect("linked");
    let dry = world.run(StartSyncRequest { dry_run: true, ..of(&source) }).await;
    assert_eq!((dry.file_name.as_str(), counts(&dry)[0]), ("staff-1.csv", 2), "{dry:?}");
    assert!(server.out().join("staff-1.csv").exists(), "a dry run leaves everything where it is");
    let first = world.run(of(&source)).await;
    assert_eq!((first.file_name.as_str(), counts(&first)), ("staff-1.csv", [2, 0, 0, 0, 0, 0]), "{first:?}");
    let runs = eventually!(Duration::from_secs(60), {
        world.tick().await;
        let runs = world.runs(&source).await;
        (runs[0].file_name == "staff-2.csv" && runs[0].state() == SyncState::Succeeded).then_some(runs)
    });
    assert_eq!((counts(&runs[0]), runs[0].automatic), ([0, 1, 0, 0, 1, 0], true));
    let archived = fs::read_dir(server.out().join("archive")).expect("the archive").count();
    assert_eq!((archived, server.out().join("staff-2.csv").exists()), (2, false));
}

#[tokio::test]
async fn a_large_file_comes_whole_and_one_without_its_marker_waits() {
    let server = Sshd::start().await;
    let world = server.world().await;
    let settings = SftpSettings { done_marker: true, ..server.settings() };
    let source = world.create("Provider", Kind::Sftp(settings)).await;
    let rows: String = (0..20_000).map(|id| format!("{id},,Clerk,{}\n", "x".repeat(60))).collect();
    let text = format!("employee_id,manager_id,job_title,unit\n{rows}");
    fs::write(server.out().join("all.csv"), &text).expect("written");
    assert_eq!(world.run(of(&source)).await.message, "there was no new file");
    fs::write(server.out().join("all.csv.done"), "").expect("written");
    let run = world.run(of(&source)).await;
    assert_eq!(counts(&run), [20_000, 0, 0, 0, 0, 0], "{run:?}");
    assert!(!server.out().join("all.csv.done").exists());
}

#[tokio::test]
async fn another_key_another_user_another_folder_are_refused_clearly() {
    let server = Sshd::start().await;
    let world = server.world().await;
    let other = fs::read_to_string(server.home.path().join("user.pub")).expect("some other key");
    let cases = [
        (
            SftpSettings { host_key: other, ..server.settings() },
            "the host's key is not the one in settings.sftp.host_key",
        ),
        (SftpSettings { user: "nobody-at-all".into(), ..server.settings() }, "does not let nobody-at-all in"),
        (SftpSettings { folder: "/nowhere/at/all".into(), ..server.settings() }, "no such file or folder"),
    ];
    for (place, (settings, message)) in cases.into_iter().enumerate() {
        let source = world.create(&format!("Provider {place}"), Kind::Sftp(settings)).await;
        let run = world.run(of(&source)).await;
        assert_eq!(run.state(), SyncState::Failed, "{run:?}");
        assert!(run.message.contains(message), "{}", run.message);
    }
    let settings = SftpSettings { key_secret: "unknown".into(), ..server.settings() };
    let source = Source {
        name: "x".into(),
        settings: crate::sync_world::settings(Kind::Sftp(settings)),
        ..Source::default()
    };
    let error = world.add(source).await.expect_err("no such secret");
    assert!(refused(&error).contains("source.settings.sftp.key_secret"), "{error:?}");
}
