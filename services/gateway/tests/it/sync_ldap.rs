//! A real slapd (Debian: slapd) with 1,200 entries, over LDAPS and StartTLS.

use crate::sync_world::{SyncWorld, TENANT, counts, of, takes};
use contracts::mentor::gateway::{
    events::v1::{PersonDeprovisioned, PersonProvisioned},
    v1::{source_settings::Kind, *},
};
use jiff::SignedDuration;
use ldap3::{LdapConnAsync, LdapConnSettings, Mod};
use std::{
    collections::HashSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use testkit::{eventually, free_port};

/// People of the directory.
const MANY: usize = 1_200;
const ROOT: &str = "cn=admin,dc=example,dc=org";
const PASSWORD: &str = "a secret of the directory";

/// A directory for one test.
struct Slapd {
    home: TempDir,
    plain: u16,
    tls: u16,
    ca: String,
    process: Child,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> PathBuf {
    let found =
        ["/usr/sbin/slapd", "/usr/libexec/slapd"].into_iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("slapd is missing: apt install slapd")
}

/// So many people, eight to a manager; every second manager's DN is written in another way.
fn entries() -> String {
    let mut text = "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
                    dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n"
        .to_owned();
    for id in 0..MANY {
        let manager = match (id, id % 2) {
            (0, _) => String::new(),
            (_, 0) => format!("manager: uid=p{},ou=people,dc=example,dc=org\n", (id - 1) / 8),
            _ => format!("manager: UID=P{}, OU=People, DC=example, DC=org\n", (id - 1) / 8),
        };
        let _ = write!(
            text,
            "dn: uid=p{id},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: p{id}\ncn: Person {id}\n\
             sn: {id}\nemployeeNumber: {id}\nmail: p{id}@example.org\ntitle: Job {}\ndepartmentNumber: Unit {}\n{manager}\n",
            id % 9,
            id / 40
        );
    }
    text
}

impl Slapd {
    async fn start() -> Slapd {
        let home = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| home.path().join(name).display().to_string();
        let authority = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()])
            .expect("a certificate");
        fs::write(at("cert.pem"), authority.cert.pem()).expect("written");
        fs::write(at("key.pem"), authority.signing_key.serialize_pem()).expect("written");
        fs::create_dir(at("data")).expect("a folder");
        let schemas: String = ["core", "cosine", "inetorgperson"]
            .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
            .concat();
        let config = format!(
            "{schemas}modulepath /usr/lib/ldap\nmoduleload back_mdb\nsizelimit 500\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n\
             database mdb\nmaxsize 104857600\nsuffix dc=example,dc=org\nrootdn {ROOT}\nrootpw \"{PASSWORD}\"\ndirectory {}\n\
             index objectClass eq\n",
            at("cert.pem"),
            at("key.pem"),
            at("data")
        );
        fs::write(at("slapd.conf"), config).expect("written");
        fs::write(at("people.ldif"), entries()).expect("written");
        let add = Command::new(program())
            .args(["-T", "add", "-q", "-f", &at("slapd.conf"), "-l", &at("people.ldif")])
            .output();
        let add = add.expect("slapd runs");
        assert!(add.status.success(), "{}", String::from_utf8_lossy(&add.stderr));
        let (plain, tls) = (free_port(), free_port());
        let listen = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}");
        let process = Command::new(program())
            .args(["-d", "0", "-f", &at("slapd.conf"), "-h", &listen])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd starts");
        let ca = authority.cert.pem();
        let server = Slapd { home, plain, tls, ca, process };
        for port in [plain, tls] {
            eventually!(
                Duration::from_secs(20),
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
            );
        }
        assert!(Path::new(server.home.path()).exists());
        server
    }

    fn settings(&self) -> LdapSettings {
        LdapSettings {
            url: format!("ldaps://localhost:{}", self.tls),
            bind_dn: ROOT.into(),
            password_secret: "ldap".into(),
            base_dn: "ou=people,dc=example,dc=org".into(),
            change_attribute: "modifyTimestamp".into(),
            ca_certificates: self.ca.clone(),
            page_size: 200,
            ..LdapSettings::default()
        }
    }

    async fn admin(&self) -> ldap3::Ldap {
        let url = format!("ldap://127.0.0.1:{}", self.plain);
        let (connection, mut ldap) =
            LdapConnAsync::with_settings(LdapConnSettings::new(), &url).await.expect("a connection");
        ldap3::drive!(connection);
        ldap.simple_bind(ROOT, PASSWORD).await.expect("bound").success().expect("bound");
        ldap
    }
}

fn dn(id: usize) -> String {
    format!("uid=p{id},ou=people,dc=example,dc=org")
}

async fn world() -> SyncWorld {
    let secrets = format!(
        "[secrets.ldap]\ntenant = '{TENANT}'\nvalue = '{PASSWORD}'\n[secrets.wrong]\ntenant = '{TENANT}'\nvalue = 'x'\n\
         [secrets.empty]\ntenant = '{TENANT}'\n"
    );
    SyncWorld::start(&secrets).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_hundred_people_come_over_ldaps_and_only_changes_after() {
    let (server, world) = (Slapd::start().await, world().await);
    let source = world.create("Directory", Kind::Ldap(server.settings())).await;
    let first = world.run(of(&source)).await;
    assert_eq!(
        (first.state(), counts(&first)),
        (SyncState::Succeeded, [MANY as i64, 0, 0, 0, 0, 0]),
        "{first:?}"
    );
    let told: Vec<PersonProvisioned> = world.told().await;
    let one = told.iter().find(|one| one.external_id == "77").expect("person 77");
    assert_eq!(
        (one.manager.as_str(), one.display_name.as_str(), one.unit.as_str()),
        ("9", "Person 77", "Unit 1")
    );
    assert_eq!((one.user_name.as_str(), one.job_title.as_str()), ("p77", "Job 5"));
    assert_eq!(told.iter().filter(|one| one.manager.is_empty()).count(), 1, "every DN was resolved");

    let mut admin = server.admin().await;
    let title = vec![Mod::Replace("title", HashSet::from(["Head"]))];
    admin.modify(&dn(5), title).await.expect("changed").success().expect("changed");
    let manager = vec![Mod::Replace("manager", HashSet::from([dn(1).leak() as &str]))];
    admin.modify(&dn(1_100), manager).await.expect("changed").success().expect("changed");
    admin.delete(&dn(1_150)).await.expect("deleted").success().expect("deleted");
    let delta = world.run(of(&source)).await;
    let [created, updated, _, deactivated, ..] = counts(&delta);
    assert_eq!((delta.mode(), created, updated, deactivated), (SyncMode::Delta, 0, 2, 0), "{delta:?}");
    let told: Vec<PersonProvisioned> = world.told().await;
    let moved = told.iter().rfind(|one| one.external_id == "1100").expect("person 1100");
    assert_eq!(moved.manager, "1", "a manager who did not change is looked up");

    // Who was deleted is noticed when everybody is read again.
    world.suite.advance(SignedDuration::from_hours(25));
    let full = world.run(of(&source)).await;
    assert_eq!((full.mode(), counts(&full)[3]), (SyncMode::Snapshot, 1), "{full:?}");
    let gone: Vec<PersonDeprovisioned> = world.told().await;
    assert_eq!(gone[0].external_id, "1150");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_tls_and_a_mapping_of_ones_own() {
    let (server, world) = (Slapd::start().await, world().await);
    let settings = LdapSettings {
        url: format!("ldap://localhost:{}", server.plain),
        start_tls: true,
        filter: "(departmentNumber=Unit 1)".into(),
        mapping: vec![
            takes("external_id", &["uid"]),
            takes("display_name", &["sn", "cn"]),
            takes("grade", &["title"]),
        ],
        ..server.settings()
    };
    let source = world.create("Directory", Kind::Ldap(settings)).await;
    let run = world.run(of(&source)).await;
    assert_eq!(counts(&run)[0], 40, "{run:?}");
    let told: Vec<PersonProvisioned> = world.told().await;
    assert_eq!((told[0].external_id.as_str(), told[0].display_name.as_str()), ("p40", "40 Person 40"));
    assert_eq!(told[0].grade.as_deref(), Some("Job 4"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_directory_refuses_is_told_clearly() {
    let (server, world) = (Slapd::start().await, world().await);
    let own = server.settings();
    let cases = [
        (
            LdapSettings { password_secret: "wrong".into(), ..own.clone() },
            "does not know settings.ldap.bind_dn with this password",
        ),
        (LdapSettings { password_secret: "empty".into(), ..own.clone() }, "the secret 'empty' is empty"),
        (
            LdapSettings { base_dn: "ou=nobody,dc=example,dc=org".into(), ..own.clone() },
            "no settings.ldap.base_dn",
        ),
        (LdapSettings { ca_certificates: String::new(), ..own.clone() }, "certificate that is not trusted"),
    ];
    for (place, (settings, message)) in cases.into_iter().enumerate() {
        let source = world.create(&format!("Directory {place}"), Kind::Ldap(settings)).await;
        let run = world.run(of(&source)).await;
        assert_eq!(run.state(), SyncState::Failed, "{run:?}");
        assert!(run.message.contains(message), "{}", run.message);
    }
    assert!(world.told::<PersonProvisioned>().await.is_empty());
}
