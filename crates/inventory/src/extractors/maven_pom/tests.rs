use super::exact;
use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn a_project_of_modules_with_a_bill_of_materials() {
    check(Case {
        folder: "maven_pom/testdata/modules",
        file: "pom.xml",
        want: &[
            "Maven com.example:shop 2.0.0 runtime own :2 needs:org.slf4j:slf4j-api 2.0.7 lic:Apache-2.0",
            "Maven com.example:shop-api 2.0.0 runtime own :1 needs:com.google.guava:guava 31.1-jre,com.h2database:h2 2.1.214,io.netty:netty-handler 4.1.94.Final,io.netty:netty-transport-native-epoll 4.1.94.Final,javax.servlet:javax.servlet-api 4.0.1,org.junit.jupiter:junit-jupiter 5.9.3,org.slf4j:slf4j-api 2.0.7",
            "Maven com.example:shop-bom 2.0.0 runtime own :1 needs:",
            "Maven com.example:shop-bom 2.0.0 runtime own :11 needs:",
            "Maven com.example:shop-web 2.0.0 runtime own :1 needs:com.example:shop-bom 2.0.0,com.google.errorprone:error_prone_core 2.20.0,com.google.guava:guava 31.1-jre,com.h2database:h2 2.1.214,io.netty:netty-handler 4.1.94.Final,io.netty:netty-transport-native-epoll 4.1.94.Final,javax.servlet:javax.servlet-api 4.0.1,org.apache.maven.plugins:maven-compiler-plugin 3.11.0,org.junit.jupiter:junit-jupiter 5.9.3,org.slf4j:slf4j-api 2.0.9",
            "Maven com.google.errorprone:error_prone_core 2.20.0 build direct:yes :19 needs:",
            "Maven com.google.guava:guava 31.1-jre runtime direct:yes :9 needs:",
            "Maven com.google.guava:guava 31.1-jre runtime direct:yes :9 needs:",
            "Maven com.h2database:h2 2.1.214 optional direct:yes :13 needs:",
            "Maven com.h2database:h2 2.1.214 optional direct:yes :13 needs:",
            "Maven io.netty:netty-handler 4.1.94.Final runtime direct:yes :10 needs:",
            "Maven io.netty:netty-handler 4.1.94.Final runtime direct:yes :10 needs:",
            "Maven io.netty:netty-transport-native-epoll 4.1.94.Final runtime direct:yes :14 needs:",
            "Maven io.netty:netty-transport-native-epoll 4.1.94.Final runtime direct:yes :14 needs:",
            "Maven javax.servlet:javax.servlet-api 4.0.1 build direct:yes :12 needs:",
            "Maven javax.servlet:javax.servlet-api 4.0.1 build direct:yes :12 needs:",
            "Maven org.apache.maven.plugins:maven-compiler-plugin 3.11.0 build direct:yes :16 needs:com.google.errorprone:error_prone_core 2.20.0",
            "Maven org.junit.jupiter:junit-jupiter 5.9.3 test direct:yes :11 needs:",
            "Maven org.junit.jupiter:junit-jupiter 5.9.3 test direct:yes :11 needs:",
            "Maven org.slf4j:slf4j-api 2.0.7 runtime direct:yes :36 needs:",
            "Maven org.slf4j:slf4j-api 2.0.7 runtime direct:yes :36 needs:",
            "Maven org.slf4j:slf4j-api 2.0.9 runtime direct:yes :12 needs:",
        ],
        problems: &[
            "pom.xml:0 a pom.xml names only what the project asks for itself: what those dependencies need is not known and not matched",
            "pom.xml:17 the module gone is not in the scanned folder",
        ],
    });
}

#[test]
fn what_cannot_be_resolved_is_told() {
    check(Case {
        folder: "maven_pom/testdata/alone",
        file: "pom.xml",
        want: &[
            "Maven com.example:alone 1.0 runtime own :3 needs:org.apache.logging.log4j:log4j-core 2.14.1,org.springframework.boot:spring-boot-maven-plugin ?,org.springframework.boot:spring-boot-starter-web ?,org.x:entity ?,org.x:from-env ?,org.x:profiled 3,org.x:ranged ?",
            "Maven org.apache.logging.log4j:log4j-core 2.14.1 runtime direct:yes :36 needs:",
            "Maven org.springframework.boot:spring-boot-maven-plugin ? build direct:yes :85 needs:",
            "Maven org.springframework.boot:spring-boot-starter-web ? runtime direct:yes :32 needs:",
            "Maven org.x:entity ? runtime direct:yes :51 needs:",
            "Maven org.x:from-env ? runtime direct:yes :46 needs:",
            "Maven org.x:profiled 3 runtime direct:yes :65 needs:",
            "Maven org.x:ranged ? runtime direct:yes :41 needs:",
        ],
        problems: &[
            "pom.xml:0 a pom.xml names only what the project asks for itself: what those dependencies need is not known and not matched",
            "pom.xml:2 a document type is not read, and its entities are not expanded",
            "pom.xml:4 the parent org.springframework.boot:spring-boot-starter-parent:2.5.4 is not in the scanned folder, so what it asks for and the versions it manages are not known",
            "pom.xml:22 the bill of materials com.example:absent-bom:9 is not in the scanned folder, so the versions it manages are not known",
            "pom.xml:32 org.springframework.boot:spring-boot-starter-web is not pinned, so it is not matched: its version is managed by a POM that is not in the scanned folder",
            "pom.xml:41 org.x:ranged is not pinned, so it is not matched: [1.0,2.0) allows several versions",
            "pom.xml:46 org.x:from-env is not pinned, so it is not matched: the property env.VERSION is not defined in the scanned folder",
            "pom.xml:51 org.x:entity is not pinned, so it is not matched: \"1&boom;\" is no version",
            "pom.xml:54 &boom; is not resolved; it is kept as written",
            "pom.xml:56 a dependency without groupId or artifactId",
            "pom.xml:85 the plug-in org.springframework.boot:spring-boot-maven-plugin has no version, so it is not matched",
        ],
    });
}

#[test]
fn properties_that_lead_in_circles_or_explode_end() {
    check(Case {
        folder: "maven_pom/testdata/bomb",
        file: "pom.xml",
        want: &[
            "Maven com.example:bomb 1 runtime own :1 needs:x:circle ?,x:large ?,x:open ?,x:text ?",
            "Maven x:circle ? runtime direct:yes :25 needs:",
            "Maven x:large ? runtime direct:yes :26 needs:",
            "Maven x:open ? runtime direct:yes :27 needs:",
            "Maven x:text ? runtime direct:yes :28 needs:",
        ],
        problems: &[
            "pom.xml:0 a pom.xml names only what the project asks for itself: what those dependencies need is not known and not matched",
            "pom.xml:5 the parent com.example:bomb:1 is not in the scanned folder, so what it asks for and the versions it manages are not known",
            "pom.xml:25 x:circle is not pinned, so it is not matched: the property self leads back to itself or too deep",
            "pom.xml:26 x:large is not pinned, so it is not matched: the property j needs too many others",
            "pom.xml:27 x:open is not pinned, so it is not matched: \"${a\" does not close its property",
            "pom.xml:28 x:text is not pinned, so it is not matched: \"<1\" is no version",
            "pom.xml:30 the file ends inside <project>; what stands before it was read",
        ],
    });
}

#[test]
fn only_exact_requirements_pin() {
    for (text, want) in [
        ("1.0", Some("1.0")),
        ("[1.0]", Some("1.0")),
        ("[1.0,2.0)", None),
        ("(,1.0],[1.2,)", None),
        ("LATEST", None),
        ("", None),
    ] {
        assert_eq!(exact(text).ok().as_deref(), want, "{text}");
    }
}

#[test]
fn nothing_panics() {
    never_panics("maven_pom/testdata/alone/pom.xml");
    never_panics("maven_pom/testdata/bomb/pom.xml");
}
