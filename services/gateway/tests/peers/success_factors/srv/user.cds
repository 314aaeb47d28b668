// What the connector reads of SuccessFactors' entity User, in SAP's own modelling language.
@path: 'sf'
service SFOData {
  @cds.query.limit: { max: 1000 }
  entity User {
    key userId           : String(100);
        username         : String(100);
        firstName        : String(128);
        lastName         : String(128);
        defaultFullName  : String(256);
        email            : String(100);
        status           : String(1);
        title            : String(256);
        department       : String(128);
        division         : String(128);
        custom01         : String(128);
        lastModifiedDateTime : Timestamp;
        manager          : Association to User;
  }
}
